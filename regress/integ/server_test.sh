# SPDX-License-Identifier: ISC
# How the server starts, what it says, and how it ends: as a program, in the
# foreground, as a daemon, and when a part of it is killed.

. "$(atf_get_srcdir)/../lib.sh"

integ=$top_srcdir/regress/integ

# What every server here is told besides other things.
without="--no-dbus --no-zeroconf --statedir $PWD/server.state"

# case_of NAME DESCRIPTION: declare a test case; case_of_root: for root only.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 60
	}"
}

case_of_root() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 60
		atf_set require.user root
	}"
}

# case_of_daemon NAME DESCRIPTION: for root only, and a daemon that a failure
# leaves behind is ended, which Kyua cannot do.
case_of_daemon() {
	atf_test_case "$1" cleanup
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 60
		atf_set require.user root
	}"
	eval "$1_cleanup() { daemon_cleanup; }"
}

# files MANDOS CLIENTS: a configuration of these texts, which may have escapes.
files() {
	mkdir -p etc
	printf %b "$1" >etc/mandos.conf
	printf %b "$2" >etc/clients.conf
}

good_mandos='[DEFAULT]\nport = 4712\n'
good_clients='[DEFAULT]\ntimeout = PT7M\n[box]\nsecret = bm90IGEgc2VjcmV0\n'

# --- what it answers

case_of help__stdout '--help is an answer'
help__stdout_body() {
	for option in -h --help --he; do
		atf_check -s exit:0 -o match:'^usage: mandos \[-h\]' \
		    -o match:'^  -n, --config-test' -e empty "$bin/mandos" \
		    "$option"
	done
}

case_of version__stdout '--version is an answer'
version__stdout_body() {
	for option in -v --version; do
		atf_check -s exit:0 -o match:'^mandos [0-9][0-9.]*$' -e empty \
		    "$bin/mandos" "$option"
	done
}

# usage_error TEXT [OPTION...]
usage_error() {
	error=$1
	shift
	atf_check -s exit:2 -o empty -e match:'^usage: mandos ' \
	    -e match:"^mandos: error: $error\$" "$bin/mandos" "$@"
}

case_of usage__errors 'what nobody can have meant'
usage__errors_body() {
	usage_error 'unrecognized arguments: --frobnicate' --frobnicate
	usage_error 'unrecognized arguments: stray' stray
	usage_error 'argument -p/--port: expected one argument' --port
	usage_error "argument -p/--port: invalid int value: 'x'" -p x
	usage_error 'ambiguous option: --no could match --no-dbus, .*' --no
	usage_error 'Needs port or socket to work without Zeroconf' \
	    --no-zeroconf --configdir "$PWD"
}

case_of check__ok 'the self-tests pass'
check__ok_body() {
	atf_check -s exit:0 -o empty -e inline:'OK\n' "$bin/mandos" --check
}

case_of config_test__good 'no news is good news'
config_test__good_body() {
	files "$good_mandos" "$good_clients"
	sed -i '/secret/ikey_id = '"$(printf '%064d' 7)" etc/clients.conf
	for option in -n --config-test; do
		atf_check -s exit:0 -o empty -e empty \
		    "$bin/mandos" "$option" --configdir etc
	done
	# Nothing at all is fine as well.
	atf_check -s exit:0 -o empty -e empty \
	    "$bin/mandos" -n --configdir nowhere
}

case_of config_test__bad 'every error with its file, line and reason'
config_test__bad_body() {
	files '[DEFAULT]\nport = ssh\ndebug = perhaps\n' \
	    '[one]\nsecfile = /nowhere\n[two]\nsecret = YQ==\ninterval = soon'
	cat >expected <<-END
		<3>mandos: etc/mandos.conf:3: debug is neither yes nor no
		<3>mandos: etc/mandos.conf:2: port is not an integer
		<3>mandos: etc/clients.conf:2: secfile /nowhere: No such file or directory
		<3>mandos: etc/clients.conf:5: interval is not a duration, such as PT5M or P1DT12H
	END
	for option in -n -T --foreground; do
		atf_check -s exit:78 -o empty -e save:stderr \
		    "$bin/mandos" "$option" --configdir etc
		grep -v '^<4>' stderr | sort >actual
		sort expected | atf_check -s exit:0 -o empty -e empty \
		    diff -u - actual
	done
	files '[DEFAULT]\n' '[one]\nsecret = YQ==\n[one]\n'
	atf_check -s exit:78 -o empty \
	    -e match:'^<3>mandos: etc/clients.conf:3: ' \
	    "$bin/mandos" -n --configdir etc
	files '[DEFAULT]\nno equals sign\n' ''
	atf_check -s exit:78 -o empty \
	    -e match:'^<3>mandos: etc/mandos.conf:2: ' \
	    "$bin/mandos" -n --configdir etc
}

case_of show_config__good 'what is in effect, but no secret'
show_config__good_body() {
	files "$good_mandos" "$good_clients"
	for option in -T --show-config; do
		atf_check -s exit:0 -e ignore -o match:'^port = 4712$' \
		    -o match:'^interface = lo$' -o match:'^\[box\]$' \
		    -o match:'^timeout = PT7M$' -o match:'12 bytes' \
		    -o not-match:'not a secret' -o not-match:bm90 \
		    "$bin/mandos" "$option" --configdir etc --interface lo
	done
}

case_of priority__refused 'a priority that cannot be used is named'
priority__refused_body() {
	files "$good_mandos" "$good_clients"
	raw=NORMAL:-CTYPE-ALL:+CTYPE-RAWPK
	while read -r priority reason; do
		refused="<2>mandos-netd: the TLS priority is refused: $reason"
		atf_check -s exit:78 -o empty -e match:"^$refused" \
		    -e match:'^<3>mandos: --priority: ' \
		    "$bin/mandos" -n --priority "$priority" --configdir etc
		[ "$(id -u)" -eq 0 ] || continue
		# shellcheck disable=SC2086	# several options
		atf_check -s exit:78 -o empty -e match:"^$refused" \
		    unshare --net "$bin/mandos" --foreground $without \
		    --configdir etc --priority "$priority"
	done <<-END
		nonsense it is no priority string
		NORMAL it allows a version other than TLS 1.3
		$raw:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2 it allows a version
		NORMAL:-VERS-ALL:+VERS-TLS1.3 it does not allow raw public keys
	END
}

case_of start__not_root 'it must be root, and says so'
start__not_root_body() {
	files "$good_mandos" "$good_clients"
	chmod 755 . etc
	set --
	if [ "$(id -u)" -eq 0 ]; then
		need setpriv
		set -- setpriv --reuid=nobody --regid=nogroup --clear-groups
		"$@" test -x "$bin/mandos" -a -r etc/clients.conf ||
		    atf_skip 'user nobody cannot get at the programs'
	fi
	# shellcheck disable=SC2086	# several options
	atf_check -s exit:77 -o empty \
	    -e match:'^<2>mandos: must be started by root' \
	    "$@" "$bin/mandos" --foreground $without --configdir etc
	# All that needs no power works without.
	atf_check -s exit:0 -o empty -e inline:'OK\n' "$@" "$bin/mandos" --check
	atf_check -s exit:0 -o empty -e not-match:'^<[0-3]>' \
	    "$@" "$bin/mandos" -n --configdir etc
}

# --- in the foreground

# starts STATUS STDERR [OPTION...]: hold that the server does not start on the
# server's host, and that no process stays behind.
starts() {
	starts_status=$1
	starts_stderr=$2
	shift 2
	host_pids server >before
	# shellcheck disable=SC2086	# several options
	atf_check -s exit:"$starts_status" -o empty -e match:"$starts_stderr" \
	    timeout 20 ./at_server "$bin/mandos" $without \
	    --configdir "$PWD/etc" "$@"
	wait_for 2 host_is_as_before
}

host_is_as_before() {
	host_pids server | cmp - before
}

# host_has COUNT: so many processes run there.
host_has() {
	[ "$(host_pids server | wc -l)" -eq "$1" ]
}

case_of_root start__bad_configuration 'nothing stays of a start that fails'
start__bad_configuration_body() {
	house
	echo 'interval = soon' >>etc/clients.conf
	line=$(wc -l <etc/clients.conf)
	error="^<3>mandos: $PWD/etc/clients.conf:$line: interval is not a "
	starts 78 "$error" --foreground --port "$port"
	# In time for whoever has started a daemon to see it.
	starts 78 "$error" --port "$port"
}

case_of_root selftest__of_the_monitor 'a proof check that errs decides nothing'
selftest__of_the_monitor_body() {
	house
	bin=$top_builddir/regress/broken
	refused='<2>mandos: the proof check errs: refusing to run'
	atf_check -s exit:1 -o empty -e inline:"$refused\n" \
	    "$bin/mandos" --check
	starts 1 "^$refused\$" --foreground --port "$port"
}

case_of_root selftest__of_netd 'a TLS that errs serves nobody'
selftest__of_netd_body() {
	house
	# In place of its netd, this server has one that finds a fault.
	cat >errs <<-END
		#! /bin/sh
		exec ./at_server unshare --mount sh -ec '
		mount --bind "$top_builddir/regress/broken_netd/mandos-netd" \
		    "$bin/mandos-netd"
		exec "\$@"
		' errs "\$@"
	END
	chmod +x errs
	fault='the self-test of TLS failed: it is broken$'
	atf_check -s exit:1 -o empty -e match:"^<2>mandos-netd: $fault" \
	    -e not-match:OK ./errs "$bin/mandos" --check
	host_pids server >before
	# shellcheck disable=SC2086	# several options
	atf_check -s exit:70 -o empty -e match:"^<2>mandos-netd: $fault" \
	    timeout 20 ./errs "$bin/mandos" --foreground $without \
	    --port "$port" --configdir "$PWD/etc"
	wait_for 2 host_is_as_before
}

case_of_root start__port_in_use 'two servers cannot have one port'
start__port_in_use_body() {
	house
	opens
	# The first has all its processes: what else comes is not its.
	wait_for 10 host_has 6
	starts 1 'cannot bind to the address and port 4711: Address already' \
	    --foreground --port "$port"
	gets good good
	server_stop server
}

case_of_root missing__said_once 'what is not installed, once'
missing__said_once_body() {
	house
	missing='<4>mandos: busd is not installed: going on without it'
	# This installation has no mandos-busd.
	server_run server "$top_builddir/regress/crash/mandos" --foreground \
	    --port "$port" --configdir "$PWD/etc" \
	    --statedir "$PWD/server.state"
	gets good good
	server_stop server
	held 0 "$missing\n" '' server_complaints server

	server_start server "$PWD/etc"
	gets good good
	server_stop server
	held 0 '' '' server_complaints server
}

case_of_root clients__none 'a server without clients serves nobody'
clients__none_body() {
	house
	: >etc/clients.conf
	opens
	logs '^<4>mandos: No clients defined$'
	gets '' good
	server_stop server
}

case_of_root stop__foreground 'TERM and INT end it at once and for good'
stop__foreground_body() {
	house
	for signal in TERM INT; do
		# Each starts on the port that the last one has just left,
		# where connections of its are still about.
		opens
		gets good good
		# One that keeps its session busy is no reason to wait.
		: >said
		./at_server python3 "$integ/talk.py" idle "$port" >said &
		peer=$!
		wait_for 5 test -s said
		begin=$(date +%s%3N)
		kill -s "$signal" "$(cat server.pid)"
		wait_for 5 host_is_left_to "$peer"
		took=$(($(date +%s%3N) - begin))
		[ "$took" -le 1000 ] || atf_fail "$signal took $took ms"
		status=0
		wait "$(cat server.pid)" || status=$?
		atf_check_equal "$signal 0" "$signal $status"
		wait "$peer"
		atf_check -s exit:0 -o inline:'open\nclosed\n' -e empty \
		    cat said
	done
}

# host_is_left_to PID: nothing runs there but this process, if that.
host_is_left_to() {
	! host_pids server | grep -vx "$1"
}

case_of_root start__interrupted 'nothing stays of a start that is interrupted'
start__interrupted_body() {
	house
	for loops in 0 500 1000 2000 4000 8000; do
		# shellcheck disable=SC2086	# several options
		./at_server "$bin/mandos" --foreground $without \
		    --port "$port" --configdir "$PWD/etc" >server.log 2>&1 &
		while [ "$loops" -gt 0 ]; do
			loops=$((loops - 1))
		done
		kill -TERM $!
		status=0
		wait $! || status=$?
		# Until it serves, the signal ends it as it ends any program.
		case $status in
		0|143)	;;
		*)	server_fail server "the start ended with $status" ;;
		esac
		wait_for 1 host_is_idle server
	done
}

case_of_root debug__foreground '--debug is a foreground that tells all'
debug__foreground_body() {
	house
	# shellcheck disable=SC2086	# several options
	server_run server "$bin/mandos" --debug --debuglevel ERROR $without \
	    --port "$port" --configdir "$PWD/etc"
	gets good good
	logs '^<6>mandos: Now listening on address '"'::', port $port,"
	logs '^<7>mandos-session: Handshake succeeded$'
	server_stop server
}

case_of_root log__reader_gone 'nobody reads the log any more'
log__reader_gone_body() {
	house
	mkfifo pipe
	cat pipe >said &
	reader=$!
	printf '#! /bin/sh\nexec "$@" 2>pipe\n' >piped
	chmod +x piped
	server_under=./piped
	opens
	gets good good
	wait_for 5 grep -q 'Sending secret to good' said
	kill "$reader"
	wait "$reader"
	gets good good
	kill -KILL "$(server_part server netd)"
	gets good good
	server_stop server
}

case_of_root stdio__closed 'descriptors 0 to 2 may be closed at its start'
stdio__closed_body() {
	need python3
	house
	# shellcheck disable=SC2086	# several options
	server_run server python3 "$integ/with_fds.py" \
	    0=closed 1=closed 2=closed -- "$bin/mandos" --foreground \
	    $without --port "$port" --configdir "$PWD/etc"
	gets good good
	for part in parent monitor warden state netd checkerd; do
		for fd in 0 1 2; do
			atf_check -s exit:0 -o inline:'/dev/null\n' -e empty \
			    readlink "/proc/$(server_part server $part)/fd/$fd"
		done
	done
	server_stop server
}

# --- sockets and interfaces

case_of_root socket__inherited 'a socket may come from whoever starts it'
socket__inherited_body() {
	need python3
	house
	# With it come descriptors that nobody has a use for.
	for socket in 3=bound 7=listening 0=listening 3=ipv4; do
		# shellcheck disable=SC2086	# several options
		server_run server python3 "$integ/with_fds.py" \
		    "$socket:$port" 4=file:stray 5=file:stray 23=file:stray \
		    -- "$bin/mandos" --foreground $without \
		    --configdir "$PWD/etc" --socket "${socket%%=*}"
		gets good good -a 127.0.0.1
		for pid in $(host_pids server); do
			find "/proc/$pid/fd" -lname '*/stray'
		done >strays
		atf_check -s exit:0 -o empty -e empty cat strays
		server_stop server
	done
}

# socket_error STDERR NUMBER KIND: hold that such a socket will not do.
socket_error() {
	host_pids server >before
	# shellcheck disable=SC2086	# several options
	atf_check -s exit:1 -o empty -e match:"^<2>mandos: $1" \
	    ./at_server python3 "$integ/with_fds.py" "$2=$3" -- \
	    "$bin/mandos" --foreground $without --configdir "$PWD/etc" \
	    --socket "$2"
	wait_for 2 host_is_as_before
}

case_of_root socket__unfit 'descriptors that are no such sockets'
socket__unfit_body() {
	need python3
	house
	socket_error 'cannot get a socket: Bad file descriptor' 7 closed
	socket_error . 3 closed
	socket_error . 3 file:stray
	socket_error . 3 udp:4711
}

case_of_root interface__missing 'an interface that is not there'
interface__missing_body() {
	house
	opens --interface nope0
	logs '^<3>mandos: Interface nope0 does not exist, cannot bind$'
	gets good good
	server_stop server
}

case_of_root address__link_local 'a link-local address is of one interface'
address__link_local_body() {
	house
	host_new peer
	host_join server s0 peer p0
	address=$(host_linklocal server s0)
	starts 78 '^<3>mandos: --address: a link-local address needs an int' \
	    --foreground --port "$port" --address "$address"
	starts 1 '^<3>mandos: --interface: there is no interface nope0' \
	    --foreground --port "$port" --address "$address" \
	    --interface nope0
	opens --address "$address" --interface s0
	gets good good -a "$address%s0"
	server_stop server
}

# --- as a daemon

case_of_daemon daemon__serves 'it serves when its starter returns'
daemon__serves_body() {
	daemon_host
	syslogd
	daemon 0 empty --debuglevel WARNING
	pid=$(cat run/mandos.pid)
	atf_check -s exit:0 -o inline:"$bin/mandos\n" -e empty \
	    readlink "/proc/$pid/exe"
	gets good good
	# It is nobody's child, has no terminal, and keeps no directory busy.
	atf_check -s exit:0 -o match:"^ *$pid *[?]\$" -e empty \
	    ps -o sid=,tty= -p "$pid"
	atf_check -s exit:0 -o inline:'/\n' -e empty \
	    readlink "/proc/$pid/cwd"
	daemon_stop
}

case_of_daemon daemon__syslog 'what it says goes to /dev/log'
daemon__syslog_body() {
	daemon_host
	syslogd
	daemon 0 not-match:'^<[0-5]>' --debuglevel DEBUG
	cp run/mandos.pid server.pid
	pid=$(server_part server monitor)
	gets good good
	gets good good -l '-1
'
	key stranger
	gets '' stranger
	daemon_stop
	for line in \
	    "<30>Mandos \\[$pid]: INFO: TCP connection from: \\[::1]:[0-9]*" \
	    "<30>Mandos \\[$pid]: INFO: Sending secret to good at .*" \
	    "<31>Mandos \\[[0-9]*]: DEBUG: Protocol version: '1.*'" \
	    "<31>Mandos \\[[0-9]*]: DEBUG: Handshake succeeded" \
	    "<30>Mandos \\[$pid]: INFO: Client not found for key ID: .*"; do
		wait_for 5 grep -qx "$line\\\\0" syslog
	done
	# A line of a session has the number of that session.
	atf_check -s exit:1 -o empty -e empty \
	    grep "Mandos \\[$pid]: DEBUG: Handshake" syslog
	atf_check -s exit:1 -o empty -e empty grep -Evx \
	    '<(2[6-9]|3[01])>Mandos \[[0-9]+\]: [A-Z]+: .+\\0' syslog
}

case_of_daemon daemon__service_name 'every line for syslogd has the service name'
daemon__service_name_body() {
	daemon_host
	syslogd
	daemon 0 not-match:'^<[0-5]>' --debuglevel DEBUG \
	    --servicename 'my [1]: service'
	cp run/mandos.pid server.pid
	gets good good
	echo broken >>etc/clients.conf
	kill -HUP "$(cat server.pid)"
	wait_for 10 grep -q 'not reloaded' syslog
	daemon_stop
	atf_check -s exit:1 -o empty -e empty grep -Evx \
	    '<(2[6-9]|3[01])>Mandos \(my \[1]: service\) \[[0-9]+\]: [A-Z]+: .+\\0' \
	    syslog
}

case_of_daemon daemon__without_syslog 'no /dev/log is no reason not to serve'
daemon__without_syslog_body() {
	daemon_host
	daemon 0 empty
	gets good good
	daemon_stop
}

case_of_daemon daemon__syslogd_gone 'the end of syslogd is not the end of us'
daemon__syslogd_gone_body() {
	daemon_host
	syslogd
	daemon 0 not-match:'^<[0-5]>' --debuglevel DEBUG
	gets good good
	wait_for 5 grep -q 'Sending secret to good' syslog
	kill "$syslogd"
	wait "$syslogd"
	gets good good
	gets good good
	daemon_stop
}

case_of_daemon daemon__netd_refuses 'the starter hears of a failure to serve'
daemon__netd_refuses_body() {
	daemon_host
	syslogd
	daemon 78 empty --priority nonsense
	wait_for 2 host_is_idle server
	wait_for 5 grep -q \
	    '^<26>Mandos \[[0-9]*]: CRITICAL: the TLS priority is refused' \
	    syslog
}

case_of_daemon daemon__is_running 'a second daemon leaves the first in peace'
daemon__is_running_body() {
	daemon_host
	daemon 0 empty
	cp run/mandos.pid first
	daemon 1 match:'Address already in use'
	atf_check -s exit:0 -o empty -e empty cmp first run/mandos.pid
	gets good good
	daemon_stop
}

# --- parts of it die

case_of_root killed__netd 'without netd there is soon another'
killed__netd_body() {
	house
	opens
	gets good good
	./at_server python3 "$integ/talk.py" idle "$port" >said &
	wait_for 5 test -s said
	netd=$(server_part server netd)
	sessions=$(server_part server sessions) ||
	    atf_fail 'there is no session'
	kill -KILL "$netd"
	# Whoever comes meanwhile has to wait, no more.
	gets good good
	logs '^<4>mandos: netd was ended by signal 9$'
	[ "$(server_part server netd)" -ne "$netd" ] || atf_fail 'the same netd'
	for pid in $sessions; do
		[ ! -e "/proc/$pid" ] || atf_fail "$pid is still there"
	done
	wait "$!"
	# Its pid is that of the monitor, which has not ended.
	server_stop server
}

atf_init_test_cases() {
	atf_add_test_case help__stdout
	atf_add_test_case version__stdout
	atf_add_test_case usage__errors
	atf_add_test_case check__ok
	atf_add_test_case config_test__good
	atf_add_test_case config_test__bad
	atf_add_test_case show_config__good
	atf_add_test_case priority__refused
	atf_add_test_case start__not_root
	atf_add_test_case start__bad_configuration
	atf_add_test_case selftest__of_the_monitor
	atf_add_test_case selftest__of_netd
	atf_add_test_case start__port_in_use
	atf_add_test_case missing__said_once
	atf_add_test_case clients__none
	atf_add_test_case stop__foreground
	atf_add_test_case start__interrupted
	atf_add_test_case debug__foreground
	atf_add_test_case log__reader_gone
	atf_add_test_case stdio__closed
	atf_add_test_case socket__inherited
	atf_add_test_case socket__unfit
	atf_add_test_case interface__missing
	atf_add_test_case address__link_local
	atf_add_test_case daemon__serves
	atf_add_test_case daemon__syslog
	atf_add_test_case daemon__service_name
	atf_add_test_case daemon__without_syslog
	atf_add_test_case daemon__syslogd_gone
	atf_add_test_case daemon__netd_refuses
	atf_add_test_case daemon__is_running
	atf_add_test_case killed__netd
}
