# SPDX-License-Identifier: ISC
# The wall clock is moved by an hour, a day and ten years, either way: while
# the server runs that changes nothing, and across a restart what
# restart_policy says.  The clock is that of the server's programs only, which
# are linked with helpers/wall.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/control.sh"

bin=$top_builddir/regress/clock

hour=3600
day=86400
years=315360000

# wall SECONDS: the wall clock is so many seconds ahead of the machine's.
wall() {
	[ -e wall ] || : >wall
	printf '%020d' "$1" 1<>wall
	wall_ahead=$1
	MANDOS_WALL=$PWD/wall
	export MANDOS_WALL
}

# --- while it runs

# jump SECONDS: move it while windows are open, and hold that they end when
# they should.  "one" expires, "two" waits, "three" is approved in advance.
jump() {
	waits two two
	admin enable one
	admin approve three
	admin checked-ok one
	wall "$1"
	# The approval has not ended, nor the window.
	gets three three
	gets '' four
	holds one enabled yes
	answered two ''
	becomes 3 one enabled no
	expired=$(told_at 'state one .*enabled=no' | tail -n 1)
	ok=$(told_at 'state one .*enabled=yes' | tail -n 1)
	lasts 2000 "$((expired - ok))" "one after $1"
	asked=$(told_at 'event two need-approval' | tail -n 1)
	refused=$(told_at 'event two rejected timed-out' | tail -n 1)
	lasts 2000 "$((refused - asked))" "two after $1"
	# But it has by this time: the peer has to wait.
	gets '' three
	tells '^event three rejected timed-out'
	wall 0
}

# jumps SECONDS...
jumps() {
	home
	client one 'timeout = PT2S'
	client two 'approval_delay = PT2S' 'approved_by_default = no'
	client three 'approval_delay = PT1S' 'approved_by_default = no' \
	    'approval_duration = PT2S'
	client four 'approval_delay = PT60S' 'approved_by_default = no' \
	    'approval_duration = PT1H'
	wall 0
	lives
	admin deny four
	for seconds; do
		jump "$seconds"
	done
	# In all that time "good" was checked once each second.
	last=
	for at in $(told_at 'event good checker-started'); do
		[ -z "$last" ] || lasts 1000 "$((at - last))" 'the interval'
		last=$at
	done
	gets good good
	server_stop server
}

case_of running__forwards 'the clock moves forwards: no window does'
running__forwards_body() {
	jumps $hour $day $years
}

case_of running__backwards 'the clock moves backwards: no window does'
running__backwards_body() {
	jumps -$hour -$day -$years
}

case_of running__then_shown 'times are those of the wall clock'
running__then_shown_body() {
	home
	client foo 'timeout = PT10M'
	wall 0
	lives
	wall $day
	admin checked-ok foo
	ok=$(($(value foo last_checked_ok) - day * 1000000))
	between $(($(now_us) - 5000000)) "$ok" "$(now_us)" last_checked_ok
	expires=$(($(value foo expires) - day * 1000000))
	between $(($(now_us) + 590000000)) "$expires" \
	    $(($(now_us) + 600000000)) expires
	server_stop server
}

case_of running__then_checked 'and so they are in the next checker'
running__then_checked_body() {
	home
	client foo 'timeout = PT10M'
	client bar 'timeout = PT10M' 'interval = PT6S' \
	    "checker = echo %%(expires)s >>$PWD/shown"
	: >shown
	chmod 666 shown
	chmod 755 .
	wall 0
	lives
	wait_for $((10 * slower)) lines_are shown 1
	wall $day
	# Something happens to somebody, and the clock is seen to have moved.
	admin checked-ok foo
	wait_for $((10 * slower)) lines_are shown 2
	expires=$(date -u -d "$(sed -n 2p shown)" +%s)
	now=$(date +%s)
	between $((now + day)) "$expires" $((now + day + 600)) expires
	server_stop server
}

# lines_are FILE COUNT: it has so many.
lines_are() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# --- across a restart

# saved: a server's state, in ./saved, of clients with all kinds of windows.
saved() {
	home 'timeout = PT30M'
	client well
	client ill 'checker = exit 5'
	client never 'interval = PT10M'
	client long 'timeout = P7280D' 'checker = exit 5'
	client off
	wall 0
	lives
	for name in well ill long; do
		admin checked-ok $name
	done
	for name in ill long; do
		admin start-checker $name
		becomes 2 $name last_checker_status 5
	done
	admin disable off
	server_stop server
	mv state saved
}

# after SECONDS NAME...: hold that these clients are enabled, and no other, if
# the wall clock has moved so far when the server is started again.
after() {
	after_seconds=$1
	shift
	rm -rf state
	cp -Rp saved state
	wall "$after_seconds"
	lives
	for name in well ill never long off; do
		case " $* " in
		*" $name "*)
			is $name enabled yes ||
			    atf_fail "$name is disabled after $after_seconds s"
			gets $name $name
			;;
		*)
			is $name enabled no ||
			    atf_fail "$name is enabled after $after_seconds s"
			gets '' $name
			;;
		esac
	done
	server_stop server
}

case_of restart__original 'original: a window over counts for the unwell'
restart__original_body() {
	saved
	after 0 well ill never long
	for seconds in $hour $day $years; do
		after $seconds well long
		after -$seconds well ill never long
	done
}

case_of restart__strict 'strict: a window over is over, a clock back is fatal'
restart__strict_body() {
	saved
	echo 'restart_policy = strict' >>etc/mandos.conf
	after 0 well ill never long
	for seconds in $hour $day $years; do
		after $seconds long
		after -$seconds
	done
}

case_of restart__moved_while_running 'moved while it ran, and then restarted'
restart__moved_while_running_body() {
	home 'timeout = PT30M'
	client well
	client ill 'checker = exit 5'
	for policy in original strict; do
		printf '[DEFAULT]\nrestart_policy = %s\n' $policy \
		    >etc/mandos.conf
		# A clock that was wrong when the machine was started.
		for seconds in $hour $day $years -$hour -$day -$years; do
			rm -rf state
			mkdir -m 700 state
			wall 0
			lives
			admin checked-ok well
			admin checked-ok ill
			admin start-checker ill
			becomes 2 ill last_checker_status 5
			wall $seconds
			server_stop server
			# No time has passed since.
			lives
			for name in well ill; do
					is $name enabled yes || atf_fail \
				    "$name, $seconds s, $policy: disabled"
			done
			server_stop server
		done
	done
}

case_of restart__killed_after_a_step 'strict: a clock set back hides no time'
restart__killed_after_a_step_body() {
	home
	client ill 'timeout = PT1H'
	echo 'restart_policy = strict' >>etc/mandos.conf
	wall $day
	lives
	admin checked-ok ill
	wall 0
	# Whatever is heard of anybody, the times of all are set right.
	ticks 1
	admin set good host there
	dies
	wall $((3 * hour))
	lives
	is ill enabled no || atf_fail 'its time is over, and it is enabled'
	gets '' ill
	server_stop server
}

atf_init_test_cases() {
	atf_add_test_case running__forwards
	atf_add_test_case running__backwards
	atf_add_test_case running__then_shown
	atf_add_test_case running__then_checked
	atf_add_test_case restart__original
	atf_add_test_case restart__strict
	atf_add_test_case restart__moved_while_running
	atf_add_test_case restart__killed_after_a_step
}
