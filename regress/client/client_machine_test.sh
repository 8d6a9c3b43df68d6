# SPDX-License-Identifier: ISC
# What mandos-client does to the machine, and that it undoes all of it.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/client/client.sh"

# cable: a server's host with a fake server that has the password, and a
# client's host with cli0, which is down; $address is the server's.
cable() {
	host_new server
	host_new machine
	client_keys client
	secret_for client 'pass word' >secret
	ip link add srv0 netns "$(cat server.host)" type veth \
	    peer name cli0 netns "$(cat machine.host)"
	at server ip link set srv0 up
	# Without a cable that works it would get none by itself.
	address=fe80::5
	at server ip -6 addr add "$address/64" dev srv0 nodad
	fake good 5001 good secret
}

# link NAME: print UP or DOWN, as the administrator has set it.
link() {
	case $(at machine ip -o link show dev "$1") in
	*[\<,]UP[\>,]*) echo UP ;;
	*)	echo DOWN ;;
	esac
}

# as_before: interfaces, routes and console are as the test has left them.
as_before() {
	atf_check_equal DOWN "$(link cli0)"
	atf_check -s exit:0 -o empty -e empty ./at_machine ip -6 route show \
	    table main proto boot
	atf_check -s exit:0 -o empty -e empty ./at_machine ip -4 route show
	# Another test may have its own client quiet the console meanwhile.
	wait_for 20 console_as_before
}

console_as_before() {
	[ "$printk" = "$(cat /proc/sys/kernel/printk)" ]
}

case_of interface__raised 'raised for as long as it takes'
interface__raised_body() {
	cable
	printk=$(cat /proc/sys/kernel/printk)
	# Its address is tentative at first, which costs no retry interval.
	fetches 'pass word' machine client --connect="[$address%cli0]:5001" \
	    --retry=60
	as_before
	fetches 'pass word' machine client --connect="$address:5001" \
	    --interface=cli0 --retry=60
	as_before
	host_new lonely
	fails 1 'Could not find a network interface' lonely client \
	    --interface=nosuch --connect=::1:5001
	fails 1 'Could not find a network interface' lonely client
	# One that was up stays up.
	host_up machine cli0
	fetches 'pass word' machine client --connect="$address:5001"
	atf_check_equal UP "$(link cli0)"
}

case_of interface__choice 'which interfaces are used'
interface__choice_body() {
	cable
	ours_starts some machine client -i nosuch,,lo --connect=::1:5001 \
	    --delay=0
	wait_for 10 grep -q 'Not using nonexisting interface "nosuch"' some.err
	wait_for 10 has_children some 2
	kill "$(cat some.pid)"
	ours_ends some 143 ''
	leaves_nothing
	fails 64 'incomplete without a network interface' machine client \
	    --interface=none --connect="$address:5001"
	fails 64 'there is no interface "nosuch"' machine client \
	    --interface=none --connect="[$address%nosuch]:5001"
	# Named behind "none" it is used, but not raised.
	host_up machine cli0
	fetches 'pass word' machine client -i none -i cli0 \
	    --connect="$address:5001"
	at machine ip link set cli0 down
	ours_starts used machine client --interface=none,cli0 \
	    --connect="$address:5001" --retry=0.2 --debug
	wait_for 10 grep -q 'connect' used.err
	atf_check_equal DOWN "$(link cli0)"
	kill "$(cat used.pid)"
	ours_ends used 143 ''
	# What was not named is left alone.
	at machine ip link add other0 type veth peer name other1
	fetches 'pass word' machine client -i cli0 \
	    --connect="$address:5001"
	atf_check_equal DOWN "$(link other0)"
}

# hook NAME: a hook that writes down how it is run.
hook() {
	mkdir -p network-hooks.d
	cat >"network-hooks.d/$1" <<-END
		#! /bin/sh
		{
			echo "$1 \$# \$1 \$MODE \$VERBOSITY \$DELAY"
			echo "[\$DEVICE] [\$CONNECT] \$MANDOSNETHOOKDIR"
			echo "\$(id -u) \$(id -g) \$(id -G) \$(readlink /proc/self/fd/0)"
			echo to-stdout >&3
		} >>$PWD/hooks.log 3>&1
		echo "$1 speaks"
		ls /proc/self/fd >>$PWD/hooks.fds
	END
	chmod +x "network-hooks.d/$1"
}

case_of hooks__run 'names, order, arguments and environment'
hooks__run_body() {
	cable
	for name in b a.dpkg-old .dot Z_1 'bad name' 'bad~'; do
		hook "$name"
	done
	hook notexecutable
	chmod -x network-hooks.d/notexecutable
	hook link-target
	mv network-hooks.d/link-target target
	ln -s ../target network-hooks.d/link
	mkdir network-hooks.d/directory
	fetches 'pass word' machine client -i cli0,none,later \
	    --connect="$address:5001" --delay=0.5
	for mode in start stop; do
		for name in .dot Z_1 a.dpkg-old b link-target; do
			echo "$name 1 $mode $mode 0 0.500000"
			echo "[cli0,none,later] [$address:5001] $PWD/network-hooks.d"
			echo '0 0 0 /dev/null'
			echo to-stdout
		done
	done >expected
	atf_check -s exit:0 -o empty -e empty diff -u expected hooks.log
	# The last is the directory that ls reads.
	atf_check -s exit:0 -o inline:'0\n1\n2\n3\n' -e empty \
	    sort -u hooks.fds
	grep -q '^b speaks' fetches.err || atf_fail 'a hook is not heard'
}

case_of hooks__faults 'what is wrong with a hook stops nothing'
hooks__faults_body() {
	cable
	mkdir network-hooks.d
	printf '#! /bin/sh\nexit 3\n' >network-hooks.d/a
	printf '#! /bin/sh\nkill -9 $$\n' >network-hooks.d/b
	printf 'no interpreter\n' >network-hooks.d/c
	chmod +x network-hooks.d/*
	fetches 'pass word' machine client --connect="$address:5001" -i cli0
	for text in '"a" exited with status 3' '"b" died by signal 9' \
	    '"c": Exec format error'; do
		atf_check_equal 2 "$(grep -c "network hook $text" fetches.err)"
	done
}

case_of hooks__interface 'a hook makes the interface that is named'
hooks__interface_body() {
	cable
	mkdir network-hooks.d
	cat >network-hooks.d/bridge <<-'END'
		#! /bin/sh
		case $1 in
		start)	ip link add br0 type bridge mcast_snooping 0 &&
			ip link set cli0 master br0 && ip link set cli0 up ;;
		stop)	ip link set cli0 down; ip link del br0 ;;
		esac
	END
	chmod +x network-hooks.d/bridge
	printk=$(cat /proc/sys/kernel/printk)
	fetches 'pass word' machine client -i br0 --connect="$address:5001" \
	    --retry=0.5
	atf_check -s exit:1 -o empty -e ignore ./at_machine ip link show br0
	as_before
}

case_of hooks__signals 'a hook ignores no signal that the test does not'
hooks__signals_body() {
	cable
	mkdir network-hooks.d
	cat >network-hooks.d/a <<-END
		#! /bin/sh
		grep -e SigIgn -e SigBlk /proc/self/status >$PWD/hooks.log
	END
	chmod +x network-hooks.d/a
	fetches 'pass word' machine client --connect="$address:5001" -i cli0
	grep -e SigIgn -e SigBlk /proc/self/status >expected
	atf_check -s exit:0 -o empty -e empty diff -u expected hooks.log
}

case_of hooks__of_others 'root runs no hook that others may write'
hooks__of_others_body() {
	need setpriv
	cable
	hook a
	hook b
	chown nobody network-hooks.d/b
	# The client as it is installed, and called by somebody.
	set_uid
	ours machine client --connect="$address:5001" -i cli0 >out 2>err ||
	    fail_with err 'the client failed'
	grep -q 'hook "b" is not run' err || fail_with err 'no word about it'
	atf_check -s exit:0 -o match:'^a 1 start' -e empty cat hooks.log
	atf_check -s exit:1 -o empty -e empty grep '^b' hooks.log
	chmod g+w network-hooks.d
	rm hooks.log
	ours machine client --connect="$address:5001" -i cli0 >out 2>err ||
	    fail_with err 'the client failed'
	grep -q 'directory.*is not used' err || fail_with err 'no word'
	[ ! -e hooks.log ] || atf_fail 'a hook was run'
}

case_of hooks__surroundings 'nothing of who calls root comes to a hook'
hooks__surroundings_body() {
	need setpriv
	cable
	mkdir network-hooks.d
	cat >network-hooks.d/a <<-END
		#! /bin/sh
		printf '%s\n' "\$(pwd)" "\$(umask)" "\${EDITOR-none}" "\$PATH" \\
		    >$PWD/where
	END
	chmod +x network-hooks.d/a
	set_uid
	(
		umask 0
		export EDITOR='sh -c id'
		ours machine client --connect="$address:5001" -i cli0 \
		    >out 2>err
	) || fail_with err 'the client failed'
	printf '%s\n' / 0022 none /usr/sbin:/usr/bin:/sbin:/bin >expected
	atf_check -s exit:0 -o empty -e empty diff -u expected where
}

case_of hooks__directory 'what root runs for others is a hook'
hooks__directory_body() {
	need setpriv
	cable
	hook a
	mkdir root theirs
	mv network-hooks.d root/
	set_uid
	# A link that its owner can turn.
	ln -s ../root/network-hooks.d theirs/hooks
	ln -s theirs/hooks network-hooks.d
	chown -h 65534:65534 theirs theirs/hooks network-hooks.d
	ours machine client --connect="$address:5001" -i cli0 >out 2>err ||
	    fail_with err 'the client failed'
	atf_check -s exit:0 -o match:" $PWD/root/network-hooks.d\$" -e empty \
	    cat hooks.log
	# Some other directory of root's, full of programs.
	mv root/network-hooks.d root/bin
	not_run root/bin 'its name is not'
	# One that its owner can replace, by one like it.
	mkdir theirs/below
	mv root/bin theirs/below/network-hooks.d
	not_run theirs/below/network-hooks.d 'to one above it'
	# Root himself may well have such a one.
	client_as=
	ours machine client --connect="$address:5001" -i cli0 >out 2>err ||
	    fail_with err 'the client failed'
	[ -e hooks.log ] || atf_fail 'no hook was run'
}

# not_run DIRECTORY MESSAGE: no hook in this directory is run.
not_run() {
	rm -f network-hooks.d hooks.log
	ln -s "$1" network-hooks.d
	ours machine client --connect="$address:5001" -i cli0 >out 2>err ||
	    fail_with err 'the client failed'
	grep -q "not used: .*$2" err || fail_with err 'no word'
	[ ! -e hooks.log ] || atf_fail 'a hook was run'
}

# set_uid: from here on a set-uid copy, run by somebody who is nobody.
set_uid() {
	mkdir -p set-uid
	cp "$client" set-uid/mandos-client
	chmod 4755 set-uid/mandos-client
	chmod 755 . client
	chown -R 65534:65534 client/*.txt client/*.pem
	client=$PWD/set-uid/mandos-client
	client_as='setpriv --reuid=65534 --regid=65534 --clear-groups'
}

case_of set_uid__as_installed 'as plugin-runner starts it'
set_uid__as_installed_body() {
	need setpriv
	cable
	set_uid
	chmod 600 client/*.txt client/*.pem
	printk=$(cat /proc/sys/kernel/printk)
	fetches 'pass word' machine client --connect="$address:5001"
	as_before
	# Nobody's files are all it can read.
	chown 0:0 client/tls-privkey.pem
	fails 69 'tls-privkey.pem: Permission denied' machine client \
	    --connect="$address:5001"
	# He who has started it may end it.
	chown 65534 client/tls-privkey.pem
	kill "$(cat good.pid)"
	ours_starts mine machine client --connect="$address:5001" --delay=0
	wait_for 10 has_children mine 2
	setpriv --reuid=65534 --regid=65534 --clear-groups \
	    sh -c "kill $(cat mine.pid)"
	ours_ends mine 143 ''
	leaves_nothing
	as_before
}

# has_children NAME COUNT
has_children() {
	[ "$(pgrep -c -P "$(cat "$1.pid")")" -ge "$2" ]
}

case_of set_uid__owners_repaired 'key files that are root'\''s become his'
set_uid__owners_repaired_body() {
	need setpriv
	cable
	set_uid
	mkdir -p conf/conf.d/mandos
	cp client/pubkey.txt client/seckey.txt conf/conf.d/mandos/
	chmod 600 conf/conf.d/mandos/*
	# At their usual place, which is a directory for this test alone.
	cat >usual <<-'END'
		#! /bin/sh
		exec unshare --mount sh -ec '
		mount -t tmpfs tmpfs /mnt
		mkdir -p /mnt/upper /mnt/work
		mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt
		mount --rbind /proc /mnt/proc
		mount --rbind /dev /mnt/dev
		mount --rbind /sys /mnt/sys
		mount --rbind /tmp /mnt/tmp
		mkdir -p /mnt/conf
		mount --bind conf /mnt/conf
		program=$1; shift
		exec chroot --userspec=65534:65534 --groups= /mnt "$program" "$@"
		' usual "$@"
	END
	chmod +x usual
	./at_machine ./usual "$client" --interface=cli0 \
	    --tls-pubkey="$PWD/client/tls-pubkey.pem" \
	    --tls-privkey="$PWD/client/tls-privkey.pem" \
	    --connect="$address:5001" >out 2>err ||
	    fail_with err 'the client failed'
	atf_check -s exit:0 -o inline:'pass word' -e empty cat out
	for file in pubkey.txt seckey.txt; do
		atf_check_equal 65534:65534 \
		    "$(stat -c %u:%g conf/conf.d/mandos/$file)"
	done
}

# runs_by RUNNER: plugin-runner starts it, as in an image.
runs_by() {
	options="--connect=[$address%cli0]:5001,--interface=cli0"
	for name in pubkey.txt seckey.txt; do
		options="$options,--${name%.txt}=$PWD/client/$name"
	done
	for name in tls-pubkey.pem tls-privkey.pem; do
		options="$options,--${name%.pem}=$PWD/client/$name"
	done
	status=0
	./at_machine ./in_box timeout 30 "$1" --config-file=/dev/null \
	    --plugin-dir="$PWD/set-uid" --plugin-helper-dir="$PWD/helpers" \
	    --userid=65534 --groupid=65534 \
	    --options-for="mandos-client:$options" </dev/null >out 2>err ||
	    status=$?
	atf_check_equal 0 "$status"
	atf_check -s exit:0 -o inline:'pass word' -e empty cat out
	leaves_nothing
	as_before
}

case_of set_uid__by_plugin_runners 'Debian'\''s plugin-runner, and ours'
set_uid__by_plugin_runners_body() {
	cable
	set_uid
	client_box
	mkdir helpers
	printk=$(cat /proc/sys/kernel/printk)
	theirs=$(echo /usr/lib/*/mandos/plugin-runner)
	[ -x "$theirs" ] || atf_skip 'mandos-client is not installed'
	runs_by "$theirs"
	runs_by "$top_builddir/client/plugin-runner"
}

case_of unprivileged__works 'without any power it fetches all the same'
unprivileged__works_body() {
	need setpriv
	cable
	host_up machine cli0
	chmod 755 . client
	chown -R 65534:65534 client/*.txt client/*.pem
	# In directories that he can reach.
	mkdir plain
	cp "$client" plain/
	client=$PWD/plain/mandos-client
	client_as='setpriv --reuid=65534 --regid=65534 --clear-groups'
	fetches 'pass word' machine client --interface=none \
	    --connect="[$address%cli0]:5001"
	at machine ip link set cli0 down
	ours_starts low machine client --connect="$address:5001" --delay=0
	wait_for 10 grep -q 'could not be raised' low.err
	kill "$(cat low.pid)"
	ours_ends low 143 ''
	leaves_nothing
}

case_of route__local 'a host on the cable with a foreign address'
route__local_body() {
	cable
	printk=$(cat /proc/sys/kernel/printk)
	at server ip -6 addr add 2001:db8::1/128 dev srv0
	at server ip addr add 192.0.2.1/32 dev srv0
	at server ip route add 198.51.100.0/24 dev srv0
	host_up machine cli0
	at machine ip addr add 198.51.100.7/32 dev cli0
	./at_machine timeout 20 ip -6 monitor route >routes 2>&1 &
	for to in '[2001:db8::1]' 192.0.2.1; do
		fetches 'pass word' machine client -i cli0 --retry=0.5 \
		    --connect="$to:5001"
		at machine ip link set cli0 down
		as_before
		host_up machine cli0
		at machine ip addr add 198.51.100.7/32 dev cli0 2>/dev/null ||
		    :
	done
	wait_for 5 grep -q '^Deleted 2001:db8::1 dev cli0' routes
	# Wanted, in vain, when it is ended.
	kill "$(cat good.pid)"
	at server ip addr del 192.0.2.1/32 dev srv0
	ours_starts gone machine client -i cli0 --connect=192.0.2.1:5001
	wait_for 10 ./at_machine sh -c 'ip route show 192.0.2.1 | grep cli0'
	kill "$(cat gone.pid)"
	ours_ends gone 143 ''
	at machine ip link set cli0 down
	as_before
}

case_of helper__route 'the helper for Debian'\''s client'
helper__route_body() {
	host_new machine
	helper=$top_builddir/client/mandos-client-iprouteadddel
	set -- ./at_machine "$helper"
	at machine ip link add cli0 type veth peer name peer0
	host_up machine cli0
	for to in 2001:db8::1 192.0.2.1 192.0.2.0/24; do
		atf_check -s exit:0 -o empty -e empty "$@" add "$to" cli0
		case $to in
		*:*)	family=-6 ;;
		*)	family=-4 ;;
		esac
		atf_check -s exit:0 -o match:"$to.*dev cli0" -e empty \
		    ./at_machine ip "$family" route show table main proto boot
		atf_check -s exit:71 -o empty -e match:'File exists' \
		    "$@" add "$to" cli0
		atf_check -s exit:0 -o empty -e empty "$@" delete "$to" cli0
		atf_check -s exit:71 -o empty -e match:'No such process' \
		    "$@" delete "$to" cli0
	done
	atf_check -s exit:71 -o empty -e match:'nosuch' "$@" add ::2 nosuch
	atf_check -s exit:64 -o empty -e match:'Bad address' "$@" add x cli0
	atf_check -s exit:64 -o empty -e match:Try "$@" del ::2 cli0
	atf_check -s exit:64 -o empty -e match:Try "$@" add ::2
	atf_check -s exit:64 -o empty -e match:Try "$@" add ::2 cli0 x
	atf_check -s exit:0 -o match:usage -e empty "$@" --help
	atf_check -s exit:0 -o match:iprouteadddel -e empty "$@" -V
}

case_of term__at_any_moment 'a signal at any moment, and all is as before'
term__at_any_moment_body() {
	cable
	printk=$(cat /proc/sys/kernel/printk)
	hook a
	# What comes last, the password, does not come.
	kill "$(cat good.pid)"
	fake hang 5002 hang secret
	# The shell has what it starts in the background ignore two of them.
	client_as='env --default-signal=INT,QUIT'
	for moment in 0 0.01 0.02 0.04 0.08 0.15 0.25 0.4 0.7 1.2 2; do
		for sig in TERM INT HUP QUIT; do
			[ "$sig" = TERM ] || [ "$moment" = 0.25 ] ||
			    [ "$moment" = 2 ] || continue
			: >hooks.log
			ours_starts killed machine client --delay=0.5 \
			    --connect="$address:5002" -i cli0
			sleep "$moment"
			kill -s "$sig" "$(cat killed.pid)"
			case $sig in
			HUP)	expected=129 ;;
			INT)	expected=130 ;;
			QUIT)	expected=131 ;;
			TERM)	expected=143 ;;
			esac
			ours_ends killed "$expected" ''
			leaves_nothing
			as_before
			atf_check_equal "$(grep -c '^a 1 start' hooks.log)" \
			    "$(grep -c '^a 1 stop' hooks.log)"
		done
	done
}

case_of term__ignored 'a signal that was ignored stays so'
term__ignored_body() {
	cable
	fake hang 5002 hang secret
	trap '' HUP
	ours_starts deaf machine client --connect="$address:5002" -i cli0
	trap - HUP
	wait_for 10 grep -q 'sent all' hang.log
	# What must be gone in the end can be seen while it is there.
	wait_for 5 agent_is_there
	kill -HUP "$(cat deaf.pid)"
	kill -TERM "$(cat deaf.pid)"
	ours_ends deaf 143 ''
	leaves_nothing
}

agent_is_there() {
	box_processes | grep -q gpg-agent
}

case_of crash__of_a_child 'a child that crashes costs nothing but the try'
crash__of_a_child_body() {
	cable
	printk=$(cat /proc/sys/kernel/printk)
	fake hang 5002 hang secret
	for which in 1 2; do
		ours_starts crash machine client --connect="$address:5002" \
		    -i cli0
		wait_for 10 has_children crash 3
		wait_for 10 grep -q 'sent all' hang.log
		# The agent is the third.
		kill -KILL "$(pgrep -P "$(cat crash.pid)" mandos-client |
		    sed -n "${which}p")"
		ours_ends crash 75 ''
		grep -q 'died by signal 9' crash.err ||
		    fail_with crash.err 'no word about it'
		leaves_nothing
		as_before
		: >hang.log
	done
}

case_of refused__to_a_child 'what the kernel refuses a child has a status'
refused__to_a_child_body() {
	need prlimit
	cable
	printk=$(cat /proc/sys/kernel/printk)
	client_as='prlimit --nofile=16'
	fails 71 'descriptors: ' machine client --connect="$address:5001" \
	    -i cli0
	as_before
}

# filters_of PID: how many filters of system calls the process has.
filters_of() {
	sed -n 's/^Seccomp_filters:.//p' "/proc/$1/status"
}

case_of children__confined 'neither child has any power left'
children__confined_body() {
	need prlimit
	cable
	host_up machine cli0
	fake hang 5002 hang secret
	ours_starts confined machine client --connect="$address:5002" -i cli0
	wait_for 10 has_children confined 3
	wait_for 10 grep -q 'sent all' hang.log
	net=$(readlink "/proc/$(cat confined.pid)/ns/net")
	apart=0
	filters=0
	own=$(filters_of "$(cat confined.pid)")
	for pid in $(pgrep -P "$(cat confined.pid)" mandos-client); do
		atf_check -s exit:0 -o ignore \
		    grep -Ex 'Seccomp:.2' "/proc/$pid/status"
		atf_check -s exit:0 -o inline:'4\n' \
		    grep -Ecx '(Cap(Prm|Eff|Amb):.0+|NoNewPrivs:.1)' \
		    "/proc/$pid/status"
		# Both have keys, in memory that is locked if root may do so.
		! prlimit --memlock=unlimited:unlimited true 2>prlimit.err ||
		    atf_check -s exit:0 -o match:'[1-9]' \
			grep VmLck "/proc/$pid/status"
		[ "$(readlink "/proc/$pid/ns/net")" = "$net" ] ||
		    apart=$((apart + 1))
		filters=$((filters + $(filters_of "$pid") - own))
	done
	# The one with the OpenPGP key cannot reach the network.
	atf_check_equal 1 "$apart"
	# It has the checkers' filter and its own, the other one.
	atf_check_equal 3 "$filters"
	kill "$(cat confined.pid)"
	ours_ends confined 143 ''
}

case_of output__cannot_be_written 'a password that cannot be written is none'
output__cannot_be_written_body() {
	cable
	host_up machine cli0
	set -- machine client -i cli0 --connect="$address:5001"
	for where in '>/dev/full' '>&-' '| :'; do
		status=0
		(eval "{ ours \"\$@\" 2>err; echo \$? >status; } $where") || :
		atf_check_equal 75 "$(cat status)"
		grep -q 'could not be written' err || fail_with err 'no word'
		leaves_nothing
	done
	# As much as a pipe takes, and later the rest.
	head -c 1000000 /dev/urandom >large
	client_gpg client -e -r "$(client_fingerprint client)" <large >secret
	fake large 5002 good secret
	ours machine client -i cli0 --connect="$address:5002" 2>err |
	    { sleep 1; cat; } >out
	cmp large out || fail_with err 'the password is cut'
}

case_of home__elsewhere 'without /run/tmp the directory is in /tmp'
home__elsewhere_body() {
	cable
	host_up machine cli0
	set -- machine client -i cli0 --connect="$address:5001"
	client_box
	rmdir run/tmp
	find /tmp -maxdepth 1 -name 'mandos??????' >before
	fetches 'pass word' "$@"
	mkdir -m 0 run/tmp
	need setpriv
	set_uid
	fetches 'pass word' "$@"
	find /tmp -maxdepth 1 -name 'mandos??????' -user 65534 \
	    -newer before >after
	atf_check -s exit:0 -o empty -e empty cat after
}

case_of home__of_a_user 'GnuPG'\''s sockets of a user who has logged in'
home__of_a_user_body() {
	need setpriv
	cable
	host_up machine cli0
	client_box
	mkdir -p run/user/65534
	chmod 700 run/user/65534
	chown 65534:65534 run/user/65534
	# Seen while it works.
	set_uid
	fake hang 5002 hang secret
	ours_starts user machine client -i cli0 --connect="$address:5002"
	wait_for 10 grep -q 'sent all' hang.log
	wait_for 10 find_sockets
	kill "$(cat user.pid)"
	ours_ends user 143 ''
	! find_sockets || atf_fail 'sockets are left behind'
	ours machine client -i cli0 --connect="$address:5001" >out 2>err ||
	    fail_with err 'the client failed'
	! find_sockets || atf_fail 'sockets are left behind'
}

find_sockets() {
	find run/user/65534 -name 'd.*' | grep -q .
}

case_of home__no_proc 'without /proc it ends all the same'
home__no_proc_body() {
	[ "$sanitizers" = no ] || atf_skip 'sanitizers look into /proc'
	cable
	host_up machine cli0
	cat >no_proc <<-'END'
		#! /bin/sh
		mount -t tmpfs none /proc && exec "$@"
	END
	chmod +x no_proc
	client_as=./no_proc
	ours machine client -i cli0 --connect="$address:5001" >out 2>err ||
	    fail_with err 'the client failed'
	atf_check -s exit:0 -o inline:'pass word' -e empty cat out
	# GnuPG's agent ends by itself.
	wait_for 20 box_is_empty
	[ -z "$(find run -mindepth 2)" ] || atf_fail 'something is left behind'
}

case_of home__gone_first 'the secret key is gone before hooks take their time'
home__gone_first_body() {
	cable
	host_up machine cli0
	mkdir network-hooks.d
	cat >network-hooks.d/a <<-END
		#! /bin/sh
		{ echo "\$1"; ls /run/tmp; } >>$PWD/homes
	END
	chmod +x network-hooks.d/a
	fetches 'pass word' machine client -i cli0 --connect="$address:5001"
	atf_check -s exit:0 -o inline:'start\nstop\n' -e empty cat homes
}

case_of secrets__stay_secret 'no key and no password in any other place'
secrets__stay_secret_body() {
	need strace
	cable
	host_up machine cli0
	client_box
	client_as="strace -f -v -s 1000000 -e trace=execve,write,sendto,sendmsg
	    -o trace"
	status=0
	ours machine client -i cli0 --debug --connect="$address:5001" \
	    >out 2>err || status=$?
	atf_check_equal 0 "$status"
	grep -v '^[0-9]* *execve' trace >other.trace || :
	# Programs, their arguments and environments; and what was logged.
	sed -n '/execve/p' trace >exec.trace
	sed -n 's/^.*write(2, \(.*\)/\1/p' trace >log.trace
	[ -s exec.trace ] && [ -s err ] || atf_fail 'there is nothing to see'
	{
		printf '%s\n' 'pass word' 'pass\x20word'
		printf 'pass word' | od -An -tx1 | tr -d ' \n'
		echo
		sed -n 3,4p client/seckey.txt
		sed -n 2p client/tls-privkey.pem
	} >needles
	atf_check_equal 6 "$(grep -c . needles)"
	atf_check -s exit:1 -o empty -e empty grep -iFf needles exec.trace
	atf_check -s exit:1 -o empty -e empty grep -iFf needles log.trace err
	# Only GnuPG and the decrypter have written it, and only to pipes.
	atf_check -s exit:0 -o save:writers -e empty grep -F 'pass word' \
	    other.trace
	atf_check -s exit:0 -o match:'write.1, "pass word", 9' -e empty \
	    cat writers
	atf_check -s exit:1 -o empty -e empty grep -e 'send' writers
}

atf_init_test_cases() {
	atf_add_test_case interface__raised
	atf_add_test_case interface__choice
	atf_add_test_case hooks__run
	atf_add_test_case hooks__faults
	atf_add_test_case hooks__interface
	atf_add_test_case hooks__signals
	atf_add_test_case hooks__of_others
	atf_add_test_case hooks__surroundings
	atf_add_test_case hooks__directory
	atf_add_test_case set_uid__as_installed
	atf_add_test_case set_uid__by_plugin_runners
	atf_add_test_case set_uid__owners_repaired
	atf_add_test_case unprivileged__works
	atf_add_test_case route__local
	atf_add_test_case helper__route
	atf_add_test_case term__at_any_moment
	atf_add_test_case term__ignored
	atf_add_test_case crash__of_a_child
	atf_add_test_case refused__to_a_child
	atf_add_test_case children__confined
	atf_add_test_case output__cannot_be_written
	atf_add_test_case home__elsewhere
	atf_add_test_case home__of_a_user
	atf_add_test_case home__no_proc
	atf_add_test_case home__gone_first
	atf_add_test_case secrets__stay_secret
}
