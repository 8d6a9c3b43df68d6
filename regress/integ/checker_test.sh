# SPDX-License-Identifier: ISC
# How long a client that is not heard of stays enabled, and what its checkers
# have to do with it.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/control.sh"

# --- when the server starts

case_of start__first_delay 'the first check is due at random, in one interval'
start__first_delay_body() {
	home
	client off 'enabled = no'
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		client "c$i" 'interval = PT1000S' 'timeout = PT1S'
	done
	begin=$(now_us)
	lives
	end=$(now_us)
	least=1000000
	most=0
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		# The window is this delay and one interval, whatever the
		# timeout may be.
		expires=$(value "c$i" expires)
		delay=$(((expires - end) / 1000 - 1000000))
		between -1 "$((delay + (end - begin) / 1000))" \
		    $((1000000 + (end - begin) / 1000)) "the delay of c$i"
		[ "$delay" -ge "$least" ] || least=$delay
		[ "$delay" -le "$most" ] || most=$delay
		holds "c$i" enabled yes last_checker_status -2 \
		    last_checked_ok 0 last_enabled "$(value "c$i" created)"
		between "$begin" "$(value "c$i" created)" "$end" 'created'
	done
	# The chance that 16 delays are so close is one in 30,000.
	[ $((most - least)) -ge 500000 ] ||
	    atf_fail "delays are from $least to $most ms of 1000000"
	holds off enabled no expires 0 last_enabled 0 last_checker_status -2
	between "$begin" "$(value off created)" "$end" 'created of off'
	server_stop server
}

case_of start__interval 'from the first check on there is one each interval'
start__interval_body() {
	home
	client foo 'interval = PT2S' 'timeout = PT1H'
	begin=$(since_boot)
	lives
	wait_for $((10 * slower)) counts '^event foo checker-started' 3
	last=$begin
	for at in $(told_at 'event foo checker-started'); do
		took=$((at - last))
		if [ "$last" -eq "$begin" ]; then
			between 0 "$took" $((2500 * slower)) 'the first delay'
		else
			lasts 2000 "$took" 'an interval'
		fi
		last=$at
	done
	server_stop server
}

case_of start__first_check 'when it begins, one interval is left at least'
start__first_check_body() {
	home
	# It never ends, and says nothing about the client.
	client foo 'interval = PT2S' 'checker = sleep 1000'
	lives
	tells '^event foo checker-started sleep 1000$'
	started=$(told_at 'event foo checker-started')
	wait_for $((5 * slower)) is foo enabled no
	expired=$(told_at 'state foo .*enabled=no')
	lasts 2000 "$((expired - started))" \
	    'the time from the first check to the end'
	server_stop server
}

# --- how a check ends

case_of check__success 'a success gives a whole timeout'
check__success_body() {
	home
	client foo 'timeout = PT20S'
	client long 'timeout = P99D'
	lives
	for name in foo long; do
		begin=$(now_us)
		admin start-checker "$name"
		tells "^event $name checker-started :\$"
		tells "^event $name checker-completed 0 :\$"
		holds "$name" last_checker_status 0 checker_running no
		ok=$(value "$name" last_checked_ok)
		between "$begin" "$ok" "$(now_us)" 'last_checked_ok'
	done
	# Shorter than what was left, which was days.
	between -50 $((($(value foo expires) - $(value foo \
	    last_checked_ok)) / 1000 - 20000)) 50 'the difference'
	# More milliseconds than fit into 32 bits.
	between -50 $((($(value long expires) - $(value long \
	    last_checked_ok)) / 1000 - 99 * 86400000)) 50 'the difference'
	server_stop server
}

case_of check__failure 'a failure is noted, and changes nothing else'
check__failure_body() {
	home
	client foo 'checker = exit 3'
	# shellcheck disable=SC2016	# it is for the checker's shell
	client killed 'checker = kill -9 $$'
	client inside 'checker = sh -c '\''kill -9 $$'\'
	client missing 'checker = /nonexistent/checker'
	lives
	for name in foo killed inside missing; do
		value "$name" expires >"$name.expires"
		admin start-checker "$name"
	done
	tells '^event foo checker-completed 768 exit 3$'
	tells '^event killed checker-completed 9 kill -9 \$\$$'
	tells '^event inside checker-completed 35072 '
	tells '^event missing checker-completed 32512 '
	holds foo last_checker_status 3
	holds killed last_checker_status -1
	holds inside last_checker_status 137
	holds missing last_checker_status 127
	for name in foo killed inside missing; do
		holds "$name" last_checked_ok 0 enabled yes \
		    checker_running no expires "$(cat "$name.expires")"
	done
	server_stop server
}

case_of check__one_at_a_time 'no check begins while one runs'
check__one_at_a_time_body() {
	home
	client foo 'interval = PT1S' 'checker = sleep 1000' 'timeout = PT1H'
	lives
	tells '^event foo checker-started'
	# Or it would not live so long.
	admin checked-ok foo
	ticks 3
	admin start-checker foo
	atf_check_equal 1 "$(count '^event foo checker-started')"
	holds foo checker_running yes
	# One that is stopped ends, and nothing is concluded from it.  The
	# next is to leave time to see that.
	admin set foo interval 4000
	sleeper=$(checkers 'sleep 1000')
	admin stop-checker foo
	holds foo checker_running no
	wait_for $((2 * slower)) has_ended "$sleeper"
	never_told 'event foo checker-completed'
	holds foo last_checker_status 0
	# The schedule goes on.
	wait_for $((5 * slower)) counts '^event foo checker-started' 2
	server_stop server
}

# no_checker COMMAND: nobody on the server's host runs it.
no_checker() {
	! checkers "$1"
}

checkers() {
	pgrep -f "^$1\$" --ns "$(cat server.pid)" --nslist net
}

case_of check__of_a_disabled_client 'can be ordered, and gives no time'
check__of_a_disabled_client_body() {
	home
	client foo 'enabled = no' 'interval = PT1S'
	lives
	admin start-checker foo
	tells '^event foo checker-completed 0 :$'
	holds foo enabled no expires 0 last_checker_status 0
	[ "$(value foo last_checked_ok)" -gt 0 ] || atf_fail 'not checked'
	gets '' foo
	# It has no schedule.
	ticks 2
	atf_check_equal 1 "$(count '^event foo checker-started')"
	server_stop server
}

# --- the end

case_of expiry__never_checked 'who is never found well expires'
expiry__never_checked_body() {
	home
	client foo 'interval = PT1S' 'checker = false' 'timeout = PT1H'
	begin=$(since_boot)
	lives
	gets foo foo
	# That has given it extended_timeout: back to what it was.
	admin disable foo
	admin enable foo
	begin=$(since_boot)
	wait_for $((5 * slower)) is foo enabled no
	expired=$(told_at 'state foo .*enabled=no' | tail -n 1)
	lasts 2000 "$((expired - begin))" 'the time of two intervals'
	holds foo enabled no expires 0 checker_running no
	[ "$(value foo last_checker_status)" -eq 1 ] ||
	    atf_fail 'there was no check'
	# It is said, and only an administrator can undo it.
	logs '^<4>.*foo'
	gets '' foo
	checks=$(count '^event foo checker-started')
	ticks 2
	atf_check_equal "$checks" "$(count '^event foo checker-started')"
	admin enable foo
	gets foo foo
	server_stop server
}

case_of expiry__after_success 'who is found well no more expires in time'
expiry__after_success_body() {
	home
	client foo 'interval = PT1S' 'timeout = PT3S' \
	    "checker = exit \$(cat $PWD/status)"
	echo 0 >status
	lives
	# As long as it is well, it lives.
	wait_for $((6 * slower)) counts '^event foo checker-completed 0 ' 4
	holds foo enabled yes
	echo 1 >status
	wait_for $((6 * slower)) is foo enabled no
	ok=$(told_at 'event foo checker-completed 0' | tail -n 1)
	expired=$(told_at 'state foo .*enabled=no')
	lasts 3000 "$((expired - ok))" 'the timeout'
	holds foo last_checker_status 1
	gets '' foo
	server_stop server
}

case_of expiry__kills_the_checker 'expired or disabled: its checker ends'
expiry__kills_the_checker_body() {
	home
	client old 'timeout = PT1H' 'extended_timeout = PT2S' \
	    'checker = sleep 1001 & wait'
	client off 'checker = sleep 1002 & wait'
	client gone 'checker = sleep 1003 & wait'
	lives
	for name in old off gone; do
		admin start-checker "$name"
		tells "^event $name checker-started"
	done
	for n in 1001 1002 1003; do
		wait_for $((5 * slower)) checkers "sleep $n"
	done
	gets old old
	admin disable off
	admin remove gone
	wait_for $((2 * slower)) no_checker 'sleep 1002'
	wait_for $((2 * slower)) no_checker 'sleep 1003'
	becomes 5 old enabled no
	wait_for $((2 * slower)) no_checker 'sleep 1001'
	holds old checker_running no
	holds off checker_running no last_checker_status -2
	never_told 'event o[a-z]* checker-completed'
	server_stop server
}

case_of delivery__extended_timeout 'a secret sent gives extended_timeout'
delivery__extended_timeout_body() {
	home
	client longer 'timeout = PT20S' 'extended_timeout = PT1H'
	client shorter 'timeout = PT1H' 'extended_timeout = PT20S'
	client brief 'extended_timeout = PT1S'
	lives
	for name in longer shorter brief; do
		admin checked-ok "$name"
		value "$name" last_checked_ok >"$name.ok"
		gets "$name" "$name"
		tells "^event $name got-secret"
	done
	expires_in longer 3600
	expires_in shorter 20
	becomes 3 brief enabled no
	gets '' brief
	# It was no check.
	holds longer last_checked_ok "$(cat longer.ok)" last_checker_status 0
	# The next success replaces it, and may shorten it.
	admin checked-ok longer
	expires_in longer 20
	# Who is refused is given no time.
	before=$(value shorter expires)
	admin set shorter approval_delay 60000
	admin deny shorter
	gets '' shorter
	tells '^event shorter rejected denied'
	holds shorter expires "$before"
	server_stop server
}

# --- what an administrator can do

case_of enable__at_run_time 'two intervals, the first check after one'
enable__at_run_time_body() {
	home
	client foo 'interval = PT2S' 'enabled = no' 'timeout = PT1H'
	lives
	gets '' foo
	begin=$(now_us)
	begin_boot=$(since_boot)
	admin enable foo
	holds foo enabled yes
	between "$begin" "$(value foo last_enabled)" "$(now_us)" last_enabled
	expires_in foo 4
	value foo last_enabled >enabled
	value foo expires >expires
	# It is enabled: nothing happens.
	admin enable foo
	holds foo last_enabled "$(cat enabled)" expires "$(cat expires)"
	tells '^event foo checker-started'
	started=$(told_at 'event foo checker-started' | head -n 1)
	lasts 2000 "$((started - begin_boot))" 'the time to the first check'
	gets foo foo
	server_stop server
}

case_of disable__at_run_time 'at once, and for good'
disable__at_run_time_body() {
	home
	client foo 'interval = PT1S' 'timeout = PT1H'
	lives
	gets foo foo
	value foo last_enabled >enabled
	admin disable foo
	holds foo enabled no expires 0 last_enabled "$(cat enabled)"
	gets '' foo
	tells '^event foo rejected disabled'
	checks=$(count '^event foo checker-started')
	# That it is well does not enable it.
	admin checked-ok foo
	holds foo enabled no expires 0 last_checker_status 0
	ticks 2
	atf_check_equal "$checks" "$(count '^event foo checker-started')"
	admin disable foo
	server_stop server
}

case_of remove__at_run_time 'nobody knows it any more'
remove__at_run_time_body() {
	home
	client foo 'interval = PT1S'
	lives
	number=$(value foo number)
	gets foo foo
	admin remove foo
	tells '^gone foo$'
	gets '' foo
	tells "^event - unknown-key [0-9A-F]\{64\} ::1\$"
	logs 'Client not found for key ID: [0-9A-F]\{64\}, address: \[::1\]:'
	checks=$(count '^event foo checker-started')
	ticks 2
	atf_check_equal "$checks" "$(count '^event foo checker-started')"
	for order in approve deny enable disable checked-ok start-checker \
	    stop-checker remove; do
		admin_fails 'No such file or directory' "$order" "#$number"
	done
	gets good good
	server_stop server
}

case_of set__timeout 'the end moves by the difference'
set__timeout_body() {
	home
	client foo 'timeout = PT5M'
	client past 'timeout = PT5M'
	client off 'enabled = no'
	lives
	admin checked-ok foo
	before=$(value foo expires)
	admin set foo timeout 600000
	holds foo timeout 600000
	between -20 $((($(value foo expires) - before) / 1000 - 300000)) 20 \
	    'the difference'
	admin set foo timeout 20000
	expires_in foo 20
	# Into the past: it is over.
	admin checked-ok past
	before=$(value past expires)
	admin set past timeout 300001
	wait_for 5 later_than "$((before - 300000000))"
	admin set past timeout 1
	becomes 2 past enabled no
	holds past expires 0 timeout 1
	gets '' past
	# Without meaning for who is disabled.
	admin set off timeout 77000
	holds off timeout 77000 enabled no expires 0
	server_stop server
}

# later_than US: is it?
later_than() {
	[ "$(now_us)" -gt "$1" ]
}

case_of set__interval 'a check begins now, and again every interval'
set__interval_body() {
	home
	client foo 'timeout = PT1H'
	client off 'enabled = no'
	lives
	# Even if it is not changed.
	admin set foo interval "$(value foo interval)"
	tells '^event foo checker-started'
	admin set foo interval 2000
	wait_for $((6 * slower)) counts '^event foo checker-started' 4
	last=
	for at in $(told_at 'event foo checker-started' | tail -n 3); do
		[ -z "$last" ] || lasts 2000 "$((at - last))" 'the interval'
		last=$at
	done
	admin set off interval 1000
	ticks 2
	never_told 'event off'
	server_stop server
}

case_of set__others 'what is set is what counts from then on'
set__others_body() {
	home
	client foo 'checker = test %%(host)s = "a b"'
	lives
	admin start-checker foo
	tells '^event foo checker-completed 256 '
	admin set foo host 'a b'
	admin start-checker foo
	tells "^event foo checker-completed 0 test 'a b' = \"a b\"\$"
	admin set foo checker 'exit %(name)s7'
	admin start-checker foo
	tells '^event foo checker-completed [0-9]* exit foo7$'
	admin set foo secret 'another one' extended_timeout 30000
	gets 'another one' foo
	tells '^event foo got-secret'
	expires_in foo 30
	admin set foo approval_delay 60000 approved_by_default no \
	    approval_duration 4294967296000
	holds foo approval_delay 60000 approved_by_default no \
	    approval_duration 4294967296000
	server_stop server
}

case_of busd__killed 'another is told everything, and nobody else notices'
busd__killed_body() {
	home
	client foo
	lives
	admin disable foo
	"$helpers/admin" show foo >before
	# More than one server may run here.
	pid=$(pgrep -x mandos-busd --ns "$(cat server.pid)" --nslist net)
	kill -KILL "$pid"
	wait_for $((5 * slower)) counts '^start' 2
	wait_for $((5 * slower)) settled
	atf_check -s exit:0 -o file:before -e empty "$helpers/admin" show foo
	admin enable foo
	gets foo foo
	server_stop server
}

case_of checkerd__killed 'nobody is disabled, and checks begin anew'
checkerd__killed_body() {
	home
	client foo 'checker = sleep 1000 & wait' 'timeout = PT1H'
	client bar 'interval = PT2S' 'timeout = PT10S'
	client off 'enabled = no'
	lives
	admin start-checker foo
	tells '^event foo checker-started'
	tells '^event bar checker-started'
	for i in 1 2 3; do
		wait_for $((5 * slower)) server_part server checkerd
		before=$(count '^event foo checker-started')
		ticks=$(count '^event good checker-completed')
		kill -KILL "$(server_part server checkerd)"
		# What ran is run again, and not beside what ran.
		wait_for $((5 * slower)) counts '^event foo checker-started' \
		    $((before + 1))
		wait_for $((5 * slower)) one_sleeps
		wait_for $((5 * slower)) counts '^event good checker-completed' \
		    $((ticks + 1))
	done
	for name in foo bar good; do
		holds $name enabled yes
	done
	never_told 'event foo checker-completed'
	never_told 'event off'
	holds foo last_checker_status -2 checker_running yes
	server_stop server
	wait_for $((2 * slower)) host_is_idle server
}

one_sleeps() {
	[ "$(checkers 'sleep 1000' | wc -l)" -eq 1 ]
}

atf_init_test_cases() {
	atf_add_test_case start__first_delay
	atf_add_test_case start__interval
	atf_add_test_case start__first_check
	atf_add_test_case check__success
	atf_add_test_case check__failure
	atf_add_test_case check__one_at_a_time
	atf_add_test_case check__of_a_disabled_client
	atf_add_test_case expiry__never_checked
	atf_add_test_case expiry__after_success
	atf_add_test_case expiry__kills_the_checker
	atf_add_test_case delivery__extended_timeout
	atf_add_test_case enable__at_run_time
	atf_add_test_case disable__at_run_time
	atf_add_test_case remove__at_run_time
	atf_add_test_case set__timeout
	atf_add_test_case set__interval
	atf_add_test_case set__others
	atf_add_test_case busd__killed
	atf_add_test_case checkerd__killed
}
