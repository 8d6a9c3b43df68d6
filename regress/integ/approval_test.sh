# SPDX-License-Identifier: ISC
# Who may have a secret at this moment, and who has to wait for an answer.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/control.sh"

# released NAME COUNT: hold that its secret was sent so often.
released() {
	tells '^event good got-secret'
	atf_check_equal "$1 $2" "$1 $(count "^event $1 got-secret\$")"
	atf_check_equal "$1 $2" "$1 $(grep -c \
	    "release seq=[0-9]* .* client=$1\$" server.log)"
}

# finish: hold that it goes on serving, and end it.
finish() {
	gets good good
	server_stop server
}

case_of decision__disabled 'who is disabled gets nothing, whoever approves'
decision__disabled_body() {
	home 'enabled = no'
	client plain
	client delayed 'approval_delay = PT60S' 'approval_duration = PT60S'
	lives
	admin enable good
	gets '' plain
	gets '' delayed
	admin approve plain
	admin approve delayed
	gets '' plain
	gets '' delayed
	wait_for 5 counts '^event plain rejected disabled$' 2
	wait_for 5 counts '^event delayed rejected disabled$' 2
	never_told 'event [a-z]* need-approval'
	finish
	released plain 0
	released delayed 0
}

case_of decision__approved 'approved in advance: no wait, and nobody is asked'
decision__approved_body() {
	home
	client foo 'approval_delay = PT60S' 'approved_by_default = no' \
	    'approval_duration = PT60S' 'extended_timeout = PT1H'
	lives
	admin approve foo
	gets foo foo
	# It holds for any number of connections in its time.
	gets foo foo
	never_told 'event foo need-approval'
	holds foo last_approval_request 0 approvals_pending 0
	expires_in foo 3600
	# The latest word counts.
	admin deny foo
	gets '' foo
	tells '^event foo rejected denied$'
	admin approve foo
	gets foo foo
	finish
	released foo 3
}

case_of decision__without_delay 'nobody can deny where nobody is asked'
decision__without_delay_body() {
	home
	client foo 'approved_by_default = no' 'approval_duration = PT60S'
	lives
	gets foo foo
	admin deny foo
	gets foo foo
	never_told 'event foo need-approval'
	finish
	released foo 2
}

case_of decision__denied 'denied in advance: nothing, at once'
decision__denied_body() {
	home
	client foo 'approval_delay = PT60S' 'approval_duration = PT60S'
	lives
	admin deny foo
	gets '' foo
	tells '^event foo rejected denied$'
	logs 'Client foo was not approved'
	never_told 'event foo need-approval'
	finish
	released foo 0
}

case_of wait__approved 'approved while it waits'
wait__approved_body() {
	home
	client foo 'approval_delay = PT60S' 'approved_by_default = no'
	lives
	begin=$(now_us)
	waits one foo
	# The delay in full, and what happens if nobody answers.
	tells '^event foo need-approval 60000 0$'
	holds foo approvals_pending 1
	between "$begin" "$(value foo last_approval_request)" "$(now_us)" \
	    last_approval_request
	logs 'Client foo needs approval'
	admin approve foo
	answered one foo
	tells '^event foo got-secret$'
	becomes 2 foo approvals_pending 0
	finish
	released foo 1
}

case_of wait__denied 'denied while it waits'
wait__denied_body() {
	home
	client foo 'approval_delay = PT60S' 'approved_by_default = yes'
	lives
	before=$(value foo expires)
	waits one foo
	tells '^event foo need-approval 60000 1$'
	admin deny foo
	answered one ''
	tells '^event foo rejected denied$'
	becomes 2 foo approvals_pending 0
	holds foo expires "$before"
	finish
	released foo 0
}

case_of wait__over 'nobody answers: the default decides, as it is then'
wait__over_body() {
	home 'approval_delay = PT2S'
	client yes 'approved_by_default = yes'
	client no 'approved_by_default = no'
	client yesno 'approved_by_default = yes'
	client noyes 'approved_by_default = no'
	client delay 'approved_by_default = yes'
	lives
	for name in yes no yesno noyes delay; do
		waits "$name" "$name"
	done
	admin set yesno approved_by_default no
	admin set noyes approved_by_default yes
	# What is waiting already goes on waiting.
	admin set delay approval_delay 0
	answered yes yes
	answered no ''
	answered yesno ''
	answered noyes noyes
	answered delay delay
	for name in yes noyes delay; do
		tells "^event $name got-secret"
		begin=$(told_at "event $name need-approval")
		end=$(told_at "event $name got-secret")
		lasts 2000 "$((end - begin))" 'the wait'
	done
	for name in no yesno; do
		tells "^event $name rejected timed-out"
		logs "Client $name timed out while waiting for approval"
		begin=$(told_at "event $name need-approval")
		end=$(told_at "event $name rejected")
		lasts 2000 "$((end - begin))" 'the wait'
	done
	admin set good approval_delay 0
	finish
	released yes 1
	released no 0
	released delay 1
}

case_of wait__several_connections 'one answer is for all who wait'
wait__several_connections_body() {
	home 'approval_delay = PT60S' 'approved_by_default = no'
	client foo
	client bar
	lives
	admin set good approval_delay 0
	for name in one two three; do
		waits "$name" foo
	done
	waits other bar
	holds foo approvals_pending 3
	holds bar approvals_pending 1
	admin approve foo
	for name in one two three; do
		answered "$name" foo
	done
	becomes 2 foo approvals_pending 0
	# It was not for others.
	holds bar approvals_pending 1
	admin deny bar
	answered other ''
	atf_check_equal 3 "$(count '^event foo need-approval')"
	finish
	released foo 3
	released bar 0
}

case_of wait__peer_gone 'who hangs up while it waits is not served'
wait__peer_gone_body() {
	home
	client foo 'approval_delay = PT3S' 'approved_by_default = yes' \
	    'extended_timeout = PT1H'
	lives
	before=$(value foo expires)
	waits one foo
	waits two foo
	kill "$(cat one.pid)"
	becomes 2 foo approvals_pending 1
	answered two foo
	atf_check_equal 1 "$(count '^event foo got-secret$')"
	becomes 2 foo approvals_pending 0
	waits three foo
	between=$(value foo expires)
	kill "$(cat three.pid)"
	becomes 2 foo approvals_pending 0
	# When its delay is over nothing happens.
	ticks 4
	holds foo expires "$between"
	never_told 'event foo rejected'
	finish
	released foo 1
}

case_of wait__disabled 'disabled while it waits: nothing, at once'
wait__disabled_body() {
	home
	client foo 'approval_delay = PT60S' 'approved_by_default = yes'
	client bar 'approval_delay = PT60S' 'approved_by_default = yes' \
	    'timeout = PT3S'
	lives
	waits one foo
	waits two foo
	admin disable foo
	answered one ''
	answered two ''
	atf_check_equal 2 "$(count '^event foo rejected disabled$')"
	becomes 2 foo approvals_pending 0
	# Approval does not bring it back.
	admin approve foo
	gets '' foo
	# The same when it is time that disables it.
	admin checked-ok bar
	waits three bar
	answered three ''
	tells '^event bar rejected disabled$'
	holds bar enabled no
	finish
	released foo 0
	released bar 0
}

case_of wait__removed 'removed while it waits: nothing, at once'
wait__removed_body() {
	home
	client foo 'approval_delay = PT60S' 'approved_by_default = yes'
	lives
	waits one foo
	admin remove foo
	answered one ''
	tells '^gone foo$'
	never_told 'event foo got-secret'
	finish
	released foo 0
}

case_of wait__enabled_again 'enabled again, it can ask again'
wait__enabled_again_body() {
	home
	client foo 'approval_delay = PT60S' 'approved_by_default = yes'
	lives
	waits one foo
	admin disable foo
	admin enable foo
	answered one ''
	waits two foo
	admin approve foo
	answered two foo
	finish
	released foo 1
}

case_of wait__server_stops 'a server that stops does not wait for an answer'
wait__server_stops_body() {
	home
	client foo 'approval_delay = P1D' 'approved_by_default = yes'
	lives
	waits one foo
	begin=$(since_boot)
	server_stop server
	between 0 "$(($(since_boot) - begin))" $((3000 * slower)) 'the stop'
	wait_for 5 has_ended "$(cat one.pid)"
	atf_check -s exit:0 -o empty -e empty cat one.out
}

case_of duration__over 'an approval in advance ends'
duration__over_body() {
	home
	client yes 'approval_delay = PT60S' 'approval_duration = PT1S'
	client no 'approval_delay = PT1S' 'approval_duration = PT1S' \
	    'approved_by_default = yes'
	lives
	admin approve yes
	admin deny no
	# More than a second.
	ticks 3
	waits one yes
	gets no no
	admin approve yes
	answered one yes
	finish
	released yes 1
	released no 1
}

case_of duration__zero 'without any duration it is for those who wait'
duration__zero_body() {
	home
	client foo 'approval_delay = PT60S' 'approval_duration = PT0S' \
	    'approved_by_default = no'
	lives
	waits one foo
	waits two foo
	admin approve foo
	answered one foo
	answered two foo
	waits three foo
	admin deny foo
	answered three ''
	finish
	released foo 2
}

case_of duration__overlapping 'an earlier approval does not end a later one'
duration__overlapping_body() {
	home
	client foo 'approval_delay = PT60S' 'approval_duration = PT3S' \
	    'approved_by_default = no'
	client bar 'approval_delay = PT60S' 'approval_duration = PT3S' \
	    'approved_by_default = yes'
	lives
	admin approve foo
	admin deny bar
	begin=$(since_boot)
	# Later by about two seconds, so that the first ends a second later.
	wait_for 5 since "$begin" 2000
	admin approve foo
	admin deny bar
	late=$(since_boot)
	wait_for 5 since "$begin" 3200
	gets foo foo
	gets '' bar
	[ $(($(since_boot) - late)) -lt 3000 ] || atf_skip 'too slow a machine'
	never_told 'event [a-z]* need-approval'
	finish
	released foo 1
	released bar 0
}

# since MILLISECONDS COUNT: are so many over?
since() {
	[ $(($(since_boot) - $1)) -ge "$2" ]
}

case_of record__every_decision 'one line in the log for each, numbered'
record__every_decision_body() {
	home
	client plain
	client off 'enabled = no'
	client asked 'approval_delay = PT60S'
	client late 'approval_delay = PT1S' 'approved_by_default = no'
	client default 'approval_delay = PT1S'
	key stranger
	lives
	gets plain plain
	gets '' off
	gets '' stranger
	waits one asked
	admin approve asked
	answered one asked
	admin deny asked
	gets '' asked
	gets '' late
	gets default default
	server_stop server
	grep -o -e 'release seq=.*' -e 'refusal seq=.*' server.log >record
	# Numbered without a gap.
	seq 7 >numbers
	atf_check -s exit:0 -o file:numbers -e empty \
	    sed 's/^[a-z]* seq=\([0-9]*\) .*/\1/' record
	recorded release enabled plain
	recorded refusal disabled off
	recorded release approved asked
	recorded refusal denied asked
	recorded refusal approval-timed-out late
	recorded release approved-by-default default
	atf_check -s exit:0 -o inline:'1\n' -e empty grep -c \
	    "^refusal seq=[0-9]* $peer reason=unknown-key\( key_id=$(key_of \
	    stranger)\)\{0,1\}\$" record
	# Whatever the level of the log may be.
	lives --debuglevel CRITICAL
	gets plain plain
	wait_for 5 grep -q 'release seq=1 .* client=plain$' server.log
	server_stop server
}

peer='peer=\[::1\]:[0-9]*'

# recorded WORD REASON NAME: hold that there is exactly one such line.
recorded() {
	atf_check -s exit:0 -o inline:'1\n' -e empty grep -c \
	    "^$1 seq=[0-9]* $peer reason=$2 key_id=$(key_of "$3") client=$3\$" \
	    record
}

# key_of NAME: its key ID as the log has it.
key_of() {
	"$fetcher" -S x -k "$1.key" -u "$1.pub" </dev/null |
	    sed -n 's/^key_id *= *//p' | tr a-f A-F
}

atf_init_test_cases() {
	atf_add_test_case decision__disabled
	atf_add_test_case decision__approved
	atf_add_test_case decision__without_delay
	atf_add_test_case decision__denied
	atf_add_test_case wait__approved
	atf_add_test_case wait__denied
	atf_add_test_case wait__over
	atf_add_test_case wait__several_connections
	atf_add_test_case wait__peer_gone
	atf_add_test_case wait__disabled
	atf_add_test_case wait__removed
	atf_add_test_case wait__enabled_again
	atf_add_test_case wait__server_stops
	atf_add_test_case duration__over
	atf_add_test_case duration__zero
	atf_add_test_case duration__overlapping
	atf_add_test_case record__every_decision
}
