# SPDX-License-Identifier: ISC
# password-agent among people who ask as systemd 252 does, and with systemd's
# own systemd-ask-password.

. "$(atf_get_srcdir)/../lib.sh"

agent=$top_builddir/client/password-agent

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 120
		atf_set require.user root
	}"
}

# client: a mandos-client that prints what is in the file "password" in the
# directory that is its argument, as soon as it is there, or does what the
# file "do" says.
client() {
	cat >client <<-'END'
		#! /bin/sh
		cd "$1" || exit 2
		echo $$ >started.new
		mv started.new started
		until [ -e password ]; do
			[ ! -e do ] || . ./do
			sleep 0.05
		done
		exec cat password
	END
	chmod 777 .
	chmod 755 client
}

# story NAME STDERR DESCRIPTION: a test case that is a function of
# questions.py.
story() {
	case_of "agent__$1" "$3"
	eval "agent__$1_body() {
		need python3
		client
		atf_check -s exit:0 -o empty -e $2 env SANITIZED='$sanitizers' \
		    python3 -B '$top_srcdir/regress/client/questions.py' $1 \
		    '$agent' \"\$PWD/client\"
	}"
	stories="$stories agent__$1"
}
stories=

story one empty 'a question is answered'
story ignoring empty 'it hears of its client all the same'
story many empty 'all who ask are answered, those who came later, too'
story empty empty 'an empty password is one'
story withdrawn empty 'who has taken back a question gets no answer'
story all_withdrawn empty 'when nobody asks any more it has done its work'
story new_after_withdrawn empty 'a new question is seen after an old one'
story same_name_again ignore 'a new question may have the name of an old one'
story timed_out empty 'who does not wait any longer gets no answer'
story asker_gone empty 'who is gone gets no answer'
story asker_of_another empty 'who asks need not be root'
story nonsense match:n2.*no.PID 'what is no question is told of'
story socket_later match:sck.a 'a socket that comes late is tried again'
story socket_never match:sck.a 'one that does not is no reason to stay'
story too_large 'match:Message.too.long' 'what cannot be sent is told of'
story idle empty 'it sleeps while it waits'
story many_events empty 'however much happens, nothing is missed'
story signalled empty 'it ends with its client'
story signalled_while_answering match:sck.a 'it ends while it tries again'
story client_fails 'match:failed.or.was.killed' 'there is no password then'
story secret_stays empty 'nothing of it is told'
story power empty 'it has no power but to end its client'

# answers STATUS STDERR ARGUMENT...: hold how it ends.
answers() {
	answers_status=$1
	answers_stderr=$2
	shift 2
	atf_check -s exit:"$answers_status" -o empty -e match:"$answers_stderr" \
	    "$agent" "$@"
}

case_of options__wrong 'mistakes have their statuses'
options__wrong_body() {
	mkdir ask
	answers 64 'no-such' --no-such
	for id in 0 -1 x 4294967295 '' 1x; do
		answers 64 "Bad user ID number: \"$id\"" --user="$id"
		answers 64 "Bad group ID number: \"$id\"" -g "$id"
	done
	answers 64 '^Try .*--help.* or .*--usage' --user
	answers 72 'none: No such file or directory' -d none
	: >run
	answers 72 'run: Not a directory' --agent-directory=run
	answers 1 'There are no question files in ask' -d ask
	: >ask/.ask.x
	: >ask/task.x
	answers 1 'There are no question files in ask' -d ask
	for option in --help '-?' --usage; do
		atf_check -s exit:0 -o match:agent-directory -e empty \
		    "$agent" "$option"
	done
	atf_check -s exit:0 -o match:'^password-agent [0-9]' -e empty \
	    "$agent" -V
}

case_of client__environment 'the client has what a set-uid program has'
client__environment_body() {
	mkdir ask
	: >ask/ask.x
	cat >client <<-'END'
		#! /bin/sh -p
		{
			printf '<%s>\n' "$@"
			echo "$MANDOSPLUGINHELPERDIR"
			grep -E '^(Uid|Gid|Groups):' /proc/$$/status
		} >seen
	END
	chmod 755 client
	setup='Uid:	1234	0	0	0
Gid:	1235	0	0	0
Groups:	 '
	atf_check -s exit:0 -o empty -e match:'no section' \
	    env MANDOSPLUGINHELPERDIR=other setpriv --groups 4 "$agent" \
	    -d ask --user=1234 --group 1235 --helper-directory=here \
	    "$PWD/client" --user=1 -x
	printf '<--user=1>\n<-x>\nhere\n%s\n' "$setup" >expected
	atf_check -s exit:0 -o file:expected -e empty cat seen
	atf_check -s exit:0 -o empty -e match:'no section' "$agent" \
	    -d ask --plugin-helper-dir=there -- "$PWD/client" --help
	atf_check -s exit:0 -o match:'^there$' -o match:'^<--help>$' \
	    -o match:'Uid:.65534.0.0.0' -o match:'Gid:.65534.0.0.0' \
	    -e empty cat seen
	atf_check -s exit:1 -o empty -e match:'none: No such file' \
	    -e match:'Mandos client failed' "$agent" -d ask -- "$PWD/none"
}

# asks NAME ARGUMENT...: systemd's own program asks, where /run is ours.
asks() {
	asks_name=$1
	shift
	nsenter --target "$holder" --mount --wd="$PWD" \
	    systemd-ask-password --no-tty "$@" >"$asks_name" \
	    2>"$asks_name.err" &
	echo $! >"$asks_name.pid"
	asks_want=$((${asks_want-0} + 1))
	wait_for 10 asked "$asks_want"
}

asked() {
	[ "$(find run/systemd/ask-password -name 'ask.*' | wc -l)" -ge "$1" ]
}

case_of systemd__asks 'those who ask by systemd-ask-password are answered'
systemd__asks_body() {
	need systemd-ask-password nsenter unshare
	client
	mkdir -p run/systemd/ask-password
	unshare --mount sh -c \
	    'mount --bind run /run && : >ready && exec sleep 3600' &
	holder=$!
	wait_for 10 test -e ready
	asks one --id=cryptsetup:/dev/x --icon=drive-harddisk 'Please enter:'
	asks two --timeout=0 --echo=no 'Another:'
	asks back --timeout=60 'Withdrawn:'
	asks late --timeout=1 'Timed out:'
	nsenter --target "$holder" --mount --wd="$PWD" \
	    "$agent" -- "$PWD/client" "$PWD" >out 2>err &
	pid=$!
	wait_for 10 test -e started
	asks three --timeout=60 --multiple 'Later:'
	kill -KILL "$(cat back.pid)"
	wait "$(cat back.pid)" || :
	wait_for 10 grep -qi 'tim' late.err
	printf 'the password' >word
	mv word password
	status=0
	wait $pid || status=$?
	atf_check -s exit:0 -o empty -e empty cat out
	atf_check -s exit:0 -o empty -e empty cat err
	atf_check_equal 0 $status
	for name in one two three; do
		wait "$(cat $name.pid)" || fail_with $name.err "$name failed"
		atf_check -s exit:0 -o inline:'the password\n' -e empty \
		    cat $name
	done
	atf_check -s exit:0 -o empty -e empty cat back
	atf_check -s exit:0 -o empty -e empty cat late
}

atf_init_test_cases() {
	for story in $stories; do
		atf_add_test_case "$story"
	done
	atf_add_test_case options__wrong
	atf_add_test_case client__environment
	atf_add_test_case systemd__asks
}
