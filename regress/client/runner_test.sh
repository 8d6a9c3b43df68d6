# SPDX-License-Identifier: ISC
# plugin-runner with plugins that are shell scripts, and with the original's.

. "$(atf_get_srcdir)/../lib.sh"

runner=$top_builddir/client/plugin-runner
theirs=$(echo /usr/lib/*/mandos/plugin-runner)
console=$top_srcdir/regress/client/console.py

# case_of NAME DESCRIPTION [USER]: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 120
		[ -z '${3-}' ] || atf_set require.user '${3-}'
	}"
}

# plugin NAME: make a plugin of the shell script in standard input.
plugin() {
	mkdir -p plugins
	{ echo '#! /bin/sh'; cat; } >"plugins/$1"
	chmod 755 "plugins/$1"
}

# The script ./run starts it, with the plugins that there are; without a
# terminal, and what it falls back to finds "typed" on standard input.
runs() {
	cat >run <<-END
		#! /bin/sh
		echo typed | setsid --wait "\${RUNNER:-$runner}" \\
		    --plugin-dir=plugins --config-file="\${CONFIG:-none}" \\
		    --userid=$(id -u) --groupid=$(id -g) "\$@"
	END
	chmod +x run
}

# says EXPECTED ARGUMENT...: hold what it prints, and that it is content.
says() {
	says_expected=$1
	shift
	atf_check -s exit:0 -o inline:"$says_expected" -e empty ./run "$@"
}

# tells: a plugin that prints its arguments and some variables.
tells() {
	plugin "$1" <<-'END'
		for arg; do printf '<%s>' "$arg"; done
		echo " A=${A-none} B=${B-none} $MANDOSPLUGINHELPERDIR"
	END
}

case_of options__for_plugins 'arguments and variables reach those they are for'
options__for_plugins_body() {
	runs
	tells tell
	helpers=/lib/mandos/plugin-helpers
	unset A B
	says " A=none B=none $helpers\n"
	says "<x> A=none B=none $helpers\n" -o tell:x
	says "<x><y><z><g><h> A=none B=none $helpers\n" -g g,h -o tell:x,y \
	    --options-for=tell:z -o other:q
	says "<><x><><y:z><><><> A=none B=none $helpers\n" -g '' -o tell: \
	    -o tell:x, -o tell:y:z,,
	says " A=1 B=2 $helpers\n" -G A=1 --global-env B=2
	says " A=3 B=none $helpers\n" -E tell:A=3 -G A=1 -G B -E other:B=1
	says " A=2=3 B=none $helpers\n" -G A=1 --global-env=A=2=3
	export A=0
	says " A=0 B= $helpers\n" -E tell:B=
	says " A=1 B=none $helpers\n" --global-en A=1
	says ' A=0 B=none here\n' --plugin-helper-dir=here
	says ' A=0 B=none there\n' --plugin-helper-dir=here \
	    -G MANDOSPLUGINHELPERDIR=there
}

case_of options__show 'there is help, and it is no mistake to ask for it'
options__show_body() {
	for option in --help '-?' --usage --hel; do
		atf_check -s exit:0 -o match:'--plugin-helper-dir' -e empty \
		    "$runner" "$option"
	done
	for option in --version -V; do
		atf_check -s exit:0 -o match:'^plugin-runner [0-9]' -e empty \
		    "$runner" "$option"
	done
}

# wrong STATUS REGEX ARGUMENT...: hold that it asks for the password, because
# of that mistake.
wrong() {
	wrong_status=$1
	wrong_regex=$2
	shift 2
	atf_check -s exit:"$wrong_status" -o inline:typed \
	    -e match:"$wrong_regex" -e match:'Going to fallback mode' \
	    -e match:'Password: ' ./run "$@"
}

case_of options__wrong 'a mistake leads to a question, and has a status'
options__wrong_body() {
	runs
	tells tell
	for options in --no-such -x 'operand' '-- operand' '-o tell' '-o :x' \
	    '-E tell' '-E :A=1' -o --plugin-dir --p=x --debug=1; do
		# shellcheck disable=SC2086	# several words
		wrong 64 '^Try .*--help.* or .*--usage. for more information' \
		    $options
	done
	wrong 64 'No colon in value: "tell"' -o tell
	wrong 64 'Empty plugin name' -o :x
	wrong 64 'Too many arguments' x
	wrong 69 'Could not open plugin dir: none: ' --plugin-dir=none
	wrong 71 'Could not scan plugin dir: run: ' --plugin-dir=run
	mkdir empty
	wrong 0 'No plugin processes started. Incorrect plugin directory\?' \
	    --plugin-dir=empty
	# What is only dubious is said, and the password is had all the same.
	for id in x -1 '' 0x10 4294967295 99999999999 ' 1' 1x; do
		atf_check -s exit:0 -o match:'A=' \
		    -e match:'Bad user ID number: "'"$id"'", using 65534' \
		    -e match:'^Try ' ./run --userid="$id" --userid="$(id -u)"
		atf_check -s exit:0 -o match:'A=' \
		    -e match:'Bad group ID number: "'"$id"'", using 65534' \
		    ./run --groupid="$id" --groupid="$(id -g)"
	done
}

case_of config__words 'the file is words, before those of the command line'
config__words_body() {
	runs
	tells tell
	unset A B
	export CONFIG=conf
	helpers=/lib/mandos/plugin-helpers
	printf -- '-G\v A=1# not this\n# -G B=1\n--options-for=tell:x\r\f-o\ttell:y#z' \
	    >conf
	says "<x><y> A=1 B=none $helpers\n"
	says "<x><y><c> A=2 B=none $helpers\n" -G A=2 -o tell:c
	# A NUL hides the rest of its line; there are no quotes.
	printf -- '-o tell:a\0b,c -o tell:d\n-o tell:"e\\\n--config-file=none' >conf
	atf_check -s exit:0 -o match:'^<a><"e\\> ' -e empty ./run
	echo '--disable=tell' >conf
	wrong 0 'No plugin processes started'
	says " A=none B=none $helpers\n" --enable=tell
	echo '-e tell -d tell' >conf
	wrong 0 'No plugin processes started'
	echo --version >conf
	atf_check -s exit:0 -o match:'^plugin-runner ' -e empty ./run
	for mistake in --no-such operand '-o tell' '-- x'; do
		echo "$mistake" >conf
		wrong 78 'in conf$'
	done
	# The command line's mistakes come first.
	wrong 64 'no-such-either' --no-such-either
	# A file that is none is told of, and done without.
	rm conf
	says " A=none B=none $helpers\n"
	mkdir conf
	atf_check -s exit:0 -o match:'A=none' -e match:'conf: Is a directory' \
	    ./run
}

case_of config__sample 'the sample changes nothing, and its examples work'
config__sample_body() {
	runs
	tells tell
	unset A B
	sample=$top_srcdir/etc/plugin-runner.conf
	export CONFIG="$sample"
	says ' A=none B=none /lib/mandos/plugin-helpers\n'
	sed -n 's/^#\(-\)/\1/p' "$sample" >conf
	[ -s conf ] || atf_fail 'there are no examples in it'
	CONFIG=conf
	atf_check -s exit:0 -o match:'A=none' -e empty ./run
}

# has_run PID COUNT: so many plugins have run, or nobody runs any more.
has_run() {
	[ "$(wc -l <ran)" -ge "$2" ] || ! kill -0 "$1" 2>/dev/null
}

case_of directory__names 'plugins are files with certain names'
directory__names_body() {
	runs
	unset A B
	for name in .hidden '#emacs#' old~ x.dpkg-old x.dpkg-bak x.dpkg-new \
	    x.dpkg-divert '#' README x.bak 'a b' '#foo' 'foo#' '~x' \
	    a.dpkg-dist a.dpkg-tmp; do
		plugin "$name" <<-'END'
			echo "$1" >>ran
			exit 1
		END
		set -- "$@" -o "$name:$name"
	done
	: >ran
	mkdir plugins/directory
	mkfifo plugins/fifo
	chmod 755 plugins/fifo
	ln -s ../plugins/README plugins/link
	echo 'echo plain' >plugins/plain
	ln -s nowhere plugins/broken
	wrong 0 Password: "$@" -o link:link
	LC_ALL=C sort ran >sorted
	atf_check -s exit:0 -e empty -o inline:'#
#foo
README\na b\na.dpkg-dist\na.dpkg-tmp\nfoo#\nlink\nx.bak\n~x\n' cat sorted
	# The same as the original's, where that is installed.
	[ -x "$theirs" ] || return 0
	: >ran
	plugin zwins <<-'END'
		sleep 0.3
	END
	# It can miss the end of a plugin, and then waits forever.
	timeout -s KILL 60 "$theirs" --plugin-dir=plugins --config-file=none \
	    --userid="$(id -u)" --groupid="$(id -g)" "$@" -o link:link \
	    </dev/null >out 2>err &
	runner_pid=$!
	wait_for 60 has_run $runner_pid "$(wc -l <sorted)"
	kill $runner_pid 2>err || :
	wait $runner_pid || :
	LC_ALL=C sort ran >theirs
	atf_check -s exit:0 -o empty -e empty diff -u theirs sorted
}

case_of race__first 'the first that succeeds has won, whatever others print'
race__first_body() {
	runs
	plugin a <<-'END'
		echo wrong
		exit 1
	END
	plugin b <<-'END'
		echo slow
		until [ -e finish ]; do sleep 0.05; done
	END
	plugin c <<-'END'
		printf 'pass\0word\n\n'
	END
	plugin d <<-'END'
		echo killed
		kill -KILL $$
	END
	says 'pass\0word\n\n'
	# Nothing is a password, too.
	plugin c <<-'END'
		exit 0
	END
	says ''
	# All that is printed belongs to it, by whomever and whenever.
	plugin c <<-'END'
		printf begin
		{ sleep 0.5; printf end; } &
	END
	says beginend
	# All have failed.
	plugin c <<-'END'
		exit 2
	END
	: >finish
	plugin b <<-'END'
		exit 3
	END
	wrong 0 'Going to fallback'
	# What cannot be run has failed as well.
	rm plugins/*
	printf '\177ELF' >plugins/bad
	chmod 755 plugins/bad
	wrong 0 'bad: cannot be executed'
}

case_of race__large 'much is printed as it is, and too much is refused'
race__large_body() {
	runs
	plugin big <<-'END'
		head -c 3000000 /dev/zero | tr '\0' x
	END
	head -c 3000000 /dev/zero | tr '\0' x >expected
	atf_check -s exit:0 -o file:expected -e empty ./run
	plugin big <<-'END'
		trap '' PIPE
		head -c 20000000 /dev/zero
		exit 0
	END
	wrong 0 'big: File too large'
	# Which it may do better the next time.
	plugin big <<-'END'
		[ ! -e again ] || { printf small; exit; }
		: >again
		trap '' PIPE
		head -c 20000000 /dev/zero
		exit 75
	END
	atf_check -s exit:0 -o inline:small -e match:'File too large' ./run
}

case_of race__unwritten 'a password that nobody takes is asked for again'
race__unwritten_body() {
	runs
	plugin a <<-'END'
		echo password
	END
	atf_check -s exit:74 -o empty -e match:'Going to fallback mode' \
	    -e match:'No space left' sh -c './run >/dev/full'
	atf_check -s exit:74 -o empty -e match:'Bad file descriptor' \
	    sh -c './run >&-'
	# Somebody who reads slowly gets all of it.
	plugin a <<-'END'
		head -c 200000 /dev/zero | tr '\0' y
	END
	./run | { sleep 0.5; cat; } >got
	head -c 200000 /dev/zero | tr '\0' y >expected
	atf_check -s exit:0 -o empty -e empty cmp got expected
}

# sleepers: how many processes sleep for as long as nobody else does.
nap=$((1000000 + $$)).25
sleepers() {
	pgrep -cfx "sleep $nap" || :
}

no_sleepers() {
	[ "$(sleepers)" -eq 0 ]
}

enough_sleepers() {
	[ "$(sleepers)" -ge 8 ]
}

# race_begin: start it in the background; its pid is in $pid.
race_begin() {
	env --default-signal=INT,QUIT "$runner" --plugin-dir=plugins \
	    --config-file=none --userid="$(id -u)" --groupid="$(id -g)" \
	    >out 2>err &
	pid=$!
	wait_for 10 grep -q plugin-runner /proc/$pid/comm
}

# race_end SIGNAL STATUS: hold that it ends by that signal, with all others.
race_end() {
	kill "-$1" $pid
	status=0
	wait $pid || status=$?
	atf_check_equal "$2" $status
	atf_check -s exit:0 -o empty -e empty cat out
	atf_check -s exit:0 -o empty -e empty cat err
	[ "$(sleepers)" -eq 0 ] || atf_fail "$(sleepers) are left"
}

case_of signals__leave_nobody 'told to end at any moment, it leaves no process'
signals__leave_nobody_body() {
	for name in a b c d; do
		plugin $name <<-END
			echo half a password
			sleep $nap &
			sleep $nap
		END
	done
	# And one that fails, and would be started again.
	plugin e <<-'END'
		exit 75
	END
	# The moments are what is tested, whatever has happened by then.
	for moment in 0.002 0.004 0.006 0.008 0.01 0.015 0.02 0.04 0.1 1.1; do
		race_begin
		sleep $moment
		race_end TERM 143
	done
	for signal in HUP:129 INT:130 QUIT:131 TERM:143; do
		race_begin
		wait_for 10 enough_sleepers
		race_end "${signal%:*}" "${signal#*:}"
	done
}

case_of signals__inherited 'signals that are ignored or blocked do no harm'
signals__inherited_body() {
	runs
	plugin tells <<-'END'
		grep -E '^Sig(Blk|Ign):' /proc/self/status | tr -d '0\n\t'
	END
	atf_check -s exit:0 -o match:'SigBlk:.*SigIgn:' -e empty timeout 20 \
	    env --ignore-signal=CHLD,PIPE --block-signal=CHLD,TERM ./run
	# Who ignores to be ended is not ended, and neither are its plugins.
	plugin tells <<-'END'
		until [ -e finish ]; do sleep 0.05; done
		printf password
	END
	# The shell must have no child of its own for the plugin to be seen.
	user=$(id -u)
	group=$(id -g)
	env --ignore-signal=TERM,HUP "$runner" --plugin-dir=plugins \
	    --config-file=none --userid="$user" --groupid="$group" \
	    >out 2>err &
	pid=$!
	wait_for 10 pgrep -P $pid
	kill -TERM $pid
	kill -HUP $pid
	: >finish
	wait $pid || atf_fail 'it was ended'
	atf_check -s exit:0 -o inline:password -e empty cat out
}

case_of signals__stubborn 'who does not end is killed, and delays nobody'
signals__stubborn_body() {
	plugin stubborn <<-'END'
		trap '' TERM
		echo $$ >ready
		while :; do sleep 0.1; done
	END
	plugin winner <<-'END'
		until [ -s ready ]; do sleep 0.05; done
		printf password
	END
	mkfifo out
	start=$(date +%s)
	"$runner" --plugin-dir=plugins --config-file=none \
	    --userid="$(id -u)" --groupid="$(id -g)" >out 2>err &
	# What is printed has its end at once, so that nobody waits for it.
	atf_check -s exit:0 -o inline:password -e empty timeout 5 cat out
	wait $! || atf_fail 'it failed'
	seconds=$(($(date +%s) - start))
	[ $seconds -ge 9 ] || atf_fail "killed after $seconds seconds"
	[ $seconds -le 20 ] || atf_fail "it took $seconds seconds"
	! kill -0 "$(cat ready)" 2>/dev/null || atf_fail 'it is there still'
	atf_check -s exit:0 -o empty -e empty cat err
}

case_of signals__daemons 'what plugins leave is ended, but daemons stay'
signals__daemons_body() {
	runs
	plugin winner <<-END
		setsid sh -c 'echo \$\$ >daemon; exec sleep 3600' >/dev/null &
		sleep $nap >/dev/null &
		sh -c 'trap "" TERM; exec sleep $nap' >/dev/null &
		until [ -s daemon ]; do sleep 0.05; done
		printf password
	END
	says password
	[ "$(sleepers)" -eq 0 ] || atf_fail "$(sleepers) are left"
	kill "$(cat daemon)" || atf_fail 'the daemon was ended'
}

case_of again__after_a_while 'a temporary failure is none, after a while'
again__after_a_while_body() {
	runs
	plugin later <<-'END'
		date +%s.%N >>starts
		[ "$(wc -l <starts)" -ge 3 ] || { echo no; exit 75; }
		printf yes
	END
	says yes
	# One second, then two, and what a busy machine adds.
	atf_check -s exit:0 -o match:'^(1\.|0\.9)[0-9]* (2\.|1\.9)' \
	    -e empty awk '{ t[NR] = $1 }
	    END { print t[2] - t[1], t[3] - t[2] }' starts
	# Meanwhile another one may win; it is waited for by nobody.
	rm starts
	plugin later <<-'END'
		exit 75
	END
	plugin other <<-'END'
		sleep 0.3
		printf other
	END
	atf_check -s exit:0 -o inline:other -e match:'later is started again in 1 s' \
	    ./run --debug
}

case_of labels__lines 'lines have the name of who says them'
labels__lines_body() {
	runs
	plugin a <<-'END'
		echo first >&2
		printf 'sec' >&2
		printf 'ond\n\nlast' >&2
		exit 1
	END
	plugin b <<-'END'
		until [ -e ended ]; do sleep 0.05; done
		echo 'b: says who it is' >&2
		echo 'bb: is another' >&2
	END
	./run >out 2>err &
	wait_for 10 grep -q last err
	: >ended
	wait $! || atf_fail 'it failed'
	atf_check -s exit:0 -o inline:'a: first\na: second\na: \na: last
b: says who it is\nb: bb: is another\n' -e empty cat err
	# However long they are.
	rm plugins/a
	plugin b <<-'END'
		head -c 3000 /dev/zero | tr '\0' x >&2
	END
	atf_check -s exit:0 -o empty -e match:'^b: x{1023}$' \
	    -e match:'^b: x{954}$' ./run
}

case_of labels__no_end 'who goes on talking does not keep it from ending'
labels__no_end_body() {
	runs
	plugin loud <<-'END'
		setsid timeout 20 yes >&2 &
		until [ -s heard ]; do sleep 0.05; done
		printf secret
	END
	{ ./run 2>&1 >out; : >ended; } | head -c 100000 >heard &
	wait_for 10 test -e ended
	atf_check -s exit:0 -o inline:secret -e empty cat out
}

case_of labels__nobody_hears 'a console that is stopped costs no password'
labels__nobody_hears_body() {
	runs
	plugin loud <<-'END'
		head -c 100000 /dev/zero | tr '\0' '\n' >&2
		exit 1
	END
	plugin tell <<-'END'
		sleep 0.5
		printf secret
	END
	mkfifo console
	# It is open, and nobody reads.
	exec 8<>console
	{ ./run >out 2>console; : >ended; } &
	wait_for 10 test -e ended
	atf_check -s exit:0 -o inline:secret -e empty cat out
}

case_of labels__prompts 'a prompt is shown as it is, and again if need be'
labels__prompts_body() {
	need python3
	plugin ask <<-'END'
		printf 'For the disk\nPassword? ' >&2
		until [ -e spoken ]; do sleep 0.05; done
		read -r word
		printf '\n' >&2
		printf %s "$word"
	END
	plugin talk <<-'END'
		until [ -e talk ]; do sleep 0.05; done
		echo something >&2
		: >spoken
		sleep 100
	END
	atf_check -s exit:0 -o inline:word \
	    -e inline:'ask: For the disk\nPassword? \ntalk: something
Password? word\n\n' python3 -B "$console" see='Password? ' make=talk \
	    see='Password? ' 'type=word\n' exit=0 -- "$runner" \
	    --plugin-dir=plugins --config-file=none --userid="$(id -u)" \
	    --groupid="$(id -g)"
}

case_of power__dropped 'plugins run as somebody else, with no group' root
power__dropped_body() {
	chmod 755 .
	plugin who <<-'END'
		grep -E '^(Uid|Gid|Groups|CapPrm|CapEff)' /proc/$$/status
		ulimit -c
	END
	printf '%s\n' 'Uid:	1234	1234	1234	1234' \
	    'Gid:	1235	1235	1235	1235' 'Groups:	 ' \
	    'CapPrm:	0000000000000000' 'CapEff:	0000000000000000' 0 >expected
	set -- "$runner" --plugin-dir="$PWD/plugins" --config-file=none
	atf_check -s exit:0 -o file:expected -e empty \
	    setpriv --groups 4,24 "$@" --userid=1234 --groupid=1235
	# Without a number it is nobody.
	atf_check -s exit:0 -o match:'^Uid:(.65534){4}$' \
	    -o match:'^Gid:(.65534){4}$' -e empty "$@"
	# A plugin that this user may not read is told of, others go on.
	chmod 711 plugins/who
	plugin ok <<-'END'
		printf ok
	END
	atf_check -s exit:0 -o inline:ok \
	    -e match:'Could not open plugin: who: Permission denied' "$@"
}

case_of power__descriptors 'plugins have three descriptors, and none missing'
power__descriptors_body() {
	runs
	mkdir plugins
	cp "$(command -v ls)" plugins/ls
	cat >three <<-'END'
		import os
		import sys
		os.closerange(3, 1024)
		os.execvp(sys.argv[1], sys.argv[1:])
	END
	need python3
	# One is ls's own.
	atf_check -s exit:0 -o inline:'0\n1\n2\n3\n' -e empty \
	    python3 three ./run -o ls:/proc/self/fd
	atf_check -s exit:0 -o inline:'0\n1\n2\n3\n' -e empty sh -c \
	    'exec python3 three "$@" <&- 2>&-' - "$runner" --plugin-dir=plugins \
	    --config-file=none --userid="$(id -u)" --groupid="$(id -g)" \
	    -o ls:/proc/self/fd
}

case_of power__secrets 'a password is in no command line, variable or message'
power__secrets_body() {
	runs
	secret=ohsosecret$$
	printf %s $secret >secret
	plugin a <<-'END'
		cat secret
		: >printed
		until [ -e finish ]; do sleep 0.05; done
	END
	"$runner" --plugin-dir=plugins --config-file=none --debug \
	    --userid="$(id -u)" --groupid="$(id -g)" >out 2>err &
	pid=$!
	wait_for 10 test -e printed
	# AddressSanitizer has mlock(2) do nothing.
	[ "$sanitizers" != no ] ||
	    wait_for 10 grep -q '^VmLck:.*[1-9]' /proc/$pid/status
	atf_check -s exit:0 -o match:'core file size *0 *0' -e empty \
	    grep core /proc/$pid/limits
	for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
		# Its own text has been written out by the shell that tests.
		! grep -qa "$secret" "$file" 2>/dev/null || case $file in
		/proc/$$/*) ;;
		*) atf_fail "it is in $file" ;;
		esac
	done
	: >finish
	wait $pid || atf_fail 'it failed'
	atf_check -s exit:0 -o inline:$secret -e empty cat out
	atf_check -s exit:1 -o empty -e empty grep $secret err
}

case_of fallback__asks 'without plugins, it asks on the terminal itself'
fallback__asks_body() {
	need python3
	mkdir empty
	for controlling in '' -C; do
		# shellcheck disable=SC2086	# perhaps no word
		atf_check -s exit:0 -o inline:typed -e match:'Password: ' \
		    python3 -B "$console" $controlling see='Password: ' \
		    hidden 'type=typed\n' exit=0 -- "$runner" \
		    --plugin-dir=empty --config-file=none
		for signal in TERM INT QUIT HUP; do
			# shellcheck disable=SC2086
			atf_check -s exit:0 -o empty -e ignore \
			    python3 -B "$console" $controlling \
			    see='Password: ' hidden 'type=half' \
			    kill=$signal signal=$signal -- \
			    "$runner" --plugin-dir=empty --config-file=none
		done
	done
	# Who types nothing at all has given no password.
	atf_check -s exit:0 -o empty -e ignore python3 -B "$console" \
	    see='Password: ' hidden 'type=\x04' exit=0 -- \
	    "$runner" --plugin-dir=empty --config-file=none
	atf_check -s exit:0 -o empty -e ignore setsid "$runner" \
	    --plugin-dir=empty --config-file=none </dev/null
}

case_of peers__exchanged 'it runs the plugins of the original, and vice versa'
peers__exchanged_body() {
	need python3
	[ -x "$theirs" ] || atf_skip 'mandos-client is not installed'
	[ ! -e /run/plymouth/pid ] || atf_skip 'plymouth runs'
	prompt='Unlocking the disk /dev/x \(y\)'
	for program in "$runner" "$theirs"; do
		for prompter in "${theirs%/*}/plugins.d/password-prompt" \
		    "$top_builddir/client/plugins/password-prompt"; do
			rm -rf plugins
			mkdir plugins
			cp "$prompter" plugins/password-prompt
			plugin fails <<-'END'
				exit 1
			END
			atf_check -s exit:0 -o inline:typed \
			    -e match:"$prompt" -e match:'Enter passphrase: ' \
			    env CRYPTTAB_SOURCE=/dev/x CRYPTTAB_NAME=y \
			    python3 -B "$console" see='passphrase: ' hidden \
			    'type=typed\n' exit=0 -- "$program" \
			    --plugin-dir=plugins --config-file=none \
			    --userid="$(id -u)" --groupid="$(id -g)"
			# It is told to end when another one has won.  The
			# original does not end if it is told between prompt
			# and read.
			plugin wins <<-'END'
				until [ -e ready ]; do sleep 0.05; done
				rm ready
				printf other
			END
			atf_check -s exit:0 -o inline:other -e match:'X: ' \
			    python3 -B "$console" see='X: ' hidden \
			    asleep=password-prompt make=ready exit=0 -- \
			    "$program" --plugin-dir=plugins --config-file=none \
			    -o password-prompt:--prompt=X \
			    --userid="$(id -u)" --groupid="$(id -g)"
		done
	done
}

case_of peers__fetch 'a password from a server, by our programs and theirs' root
peers__fetch_body() {
	need python3
	[ -x "$theirs" ] || atf_skip 'mandos-client is not installed'
	[ ! -e /run/plymouth/pid ] || atf_skip 'plymouth runs'
	host_new server
	mkdir -m 700 etc
	client_keys keys
	client_section client keys 'pass word' >etc/clients.conf
	opens
	keys=--pubkey=$PWD/keys/pubkey.txt,--seckey=$PWD/keys/seckey.txt
	keys=$keys,--tls-pubkey=$PWD/keys/tls-pubkey.pem
	keys=$keys,--tls-privkey=$PWD/keys/tls-privkey.pem
	for runs in "$runner:${theirs%/*}/plugins.d/mandos-client" \
	    "$runner:$top_builddir/client/mandos-client" \
	    "$theirs:$top_builddir/client/mandos-client"; do
		rm -rf plugins
		mkdir plugins
		cp "${runs#*:}" plugins/mandos-client
		cp "$top_builddir/client/plugins/password-prompt" plugins
		# Nobody types anything.
		atf_check -s exit:0 -o inline:'pass word' -e match:'X: ' \
		    ./at_server python3 -B "$console" see='X: ' exit=0 -- \
		    "${runs%%:*}" --plugin-dir=plugins --config-file=none \
		    --userid=0 --groupid=0 -o "mandos-client:$keys" \
		    -o mandos-client:--connect="::1:$port,--interface=none" \
		    -o password-prompt:--prompt=X
	done
	server_stop server
}

atf_init_test_cases() {
	atf_add_test_case options__for_plugins
	atf_add_test_case options__show
	atf_add_test_case options__wrong
	atf_add_test_case config__words
	atf_add_test_case config__sample
	atf_add_test_case directory__names
	atf_add_test_case race__first
	atf_add_test_case race__large
	atf_add_test_case race__unwritten
	atf_add_test_case signals__leave_nobody
	atf_add_test_case signals__inherited
	atf_add_test_case signals__stubborn
	atf_add_test_case signals__daemons
	atf_add_test_case again__after_a_while
	atf_add_test_case labels__lines
	atf_add_test_case labels__no_end
	atf_add_test_case labels__nobody_hears
	atf_add_test_case labels__prompts
	atf_add_test_case power__dropped
	atf_add_test_case power__descriptors
	atf_add_test_case power__secrets
	atf_add_test_case fallback__asks
	atf_add_test_case peers__exchanged
	atf_add_test_case peers__fetch
}
