# SPDX-License-Identifier: ISC
# What each process of a server at rest has, to the last descriptor, and who
# can get at it from outside.  Whoever gives a process more has to say so here.

. "$(atf_get_srcdir)/../lib.sh"

helpers=$top_builddir/regress/helpers

# What there is one of.
parts='parent monitor warden state netd checkerd'

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set require.user root; }"
}

# at_rest [bus]: a server that has served one client and is idle again; if told
# so it is on a bus, and waits for an avahi-daemon.
at_rest() {
	need ip nsenter ss pgrep ps setpriv
	host_new server
	mkdir conf
	"$helpers/mkclients" 3 conf || atf_fail 'no clients'
	# A session waits for its peer as long as any test takes.
	printf '%s\n' '[DEFAULT]' 'handshake_timeout = PT10M' >conf/mandos.conf
	if [ $# -eq 0 ]; then
		server_start server conf
	else
		starts_on_bus
	fi
	atf_check -s exit:0 -o match:'^served 1$' -e empty \
	    ./at_server "$helpers/storm" -k conf/keys.bin -p "$port" -n 1
	wait_for 20 is_at_rest
	for part in $parts; do
		eval "$part=\$(server_part server $part)"
	done
}

starts_on_bus() {
	. "$top_srcdir/regress/integ/pair.sh"
	need dbus-daemon mandos-ctl
	chmod 755 .
	pair_bus ours
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/ours
	export DBUS_SYSTEM_BUS_ADDRESS
	mkdir -m 700 server.state
	server_run server "$bin/mandos" --foreground --port "$port" \
	    --configdir "$PWD/conf" --statedir "$PWD/server.state"
	wait_for 20 mandos-ctl
	wait_for 20 grep -q 'Zeroconf: no avahi-daemon' server.log
	parts="$parts busd"
	announcer=$(pgrep -P "$(server_part server busd)")
}

# Nobody is connected, and so there are no sessions.
is_at_rest() {
	! server_part server sessions >sessions &&
	    [ -z "$(at server ss -Htn "sport = :$port")" ]
}

# at_work: the same with one session, whose peer goes on to say nothing.
at_work() {
	at_rest
	mkfifo hold
	./at_server "$helpers/storm" -k conf/keys.bin -p "$port" -n 0 \
	    --half 1 --bad-sources 1 --respawn 3600000 --hold \
	    <hold >held 2>&1 &
	held=$!
	exec 9>hold
	wait_for 20 is_at_work
}

# There is a session, and it has loaded its filter.
is_at_work() {
	session=$(server_part server sessions) &&
	    grep -q '^Seccomp_filters:[ 	]*2$' "/proc/$session/status"
}

work_ends() {
	exec 9>&-
	wait "$held"
	server_stop server
}

# owners: for each descriptor that is a socket, its number and its process.
owners() {
	{
		for owner_part in $parts; do
			eval "echo \"$owner_part \$$owner_part\""
		done
		for owner_pid in $(server_part server sessions); do
			echo "session $owner_pid"
		done
	} | while read -r owner_name owner_pid; do
		find "/proc/$owner_pid/fd" -type l -printf "%l $owner_name\n"
	done | sed -n 's/^socket:\[\(.*\)\] /\1 /p'
}

# channels: "socket:[N] channel to PROCESS" for each end of a channel, from
# the pairs that ss prints: each socket, then its peer.
channels() {
	owners >owned
	at server ss -Hxa | awk '
	FILENAME == "owned" { owner[$1] = $2; next }
	$1 == "u_seq" && $8 in owner {
		print "socket:[" $6 "] channel to " owner[$8]
	}' owned -
}

# descriptors PID: what they are, in order, and how many of each.
descriptors() {
	{
		channels
		awk '$4 == "0A" { print "socket:[" $10 "] listening socket" }
		$4 == "01" { print "socket:[" $10 "] connection" }' \
		    "/proc/$1/net/tcp" "/proc/$1/net/tcp6"
		at server ss -Hxa | awk -v "path=$PWD/ours" '
		$5 == path && $8 > 0 {
			print "socket:[" $8 "] connection to the bus"
		}
		$1 == "u_dgr" && $7 == "*" && $8 == 0 {
			print "socket:[" $6 "] socket without a peer"
		}'
		echo "$PWD/server.log log"
		echo "$PWD/server.state state directory"
		echo "/proc/$1/task/$1/children list of its children"
	} >names
	find "/proc/$1/fd" -type l -printf '%l\n' | awk '
	FILENAME == "names" { name[$1] = substr($0, length($1) + 2); next }
	{ sub(/^pipe:.*/, "pipe") }
	{ print $0 in name ? name[$0] : $0 }' names - | sort | uniq -c |
	    awk '{ n = $1; $1 = ""; print "descriptor:" $0 ", " n }'
}

# portrait PID: all that is golden about a process.
portrait() {
	descriptors "$1"
	sed -n -e 's/[ 	][ 	]*/ /g' -e '/^Uid:/p' -e '/^Gid:/p' \
	    -e '/^Groups:/s/ *$//p' -e '/^Cap/p' -e '/^NoNewPrivs:/p' \
	    -e '/^Seccomp/p' -e '/^Threads:/p' "/proc/$1/status"
	sed -n 's/^Max core file size *\([^ ]*\) *\([^ ]*\) .*/core: \1 \2/p' \
	    "/proc/$1/limits"
	case $(readlink "/proc/$1/root") in
	/)	echo 'root: whole system' ;;
	"$PWD/server.state") echo 'root: state directory' ;;
	*' (deleted)')
		echo "root: removed directory, mode $(stat -Lc %a \
		    "/proc/$1/root"), entries $(find "/proc/$1/root/" \
		    -mindepth 1 | wc -l)" ;;
	*)	echo 'root: some directory' ;;
	esac
	# Who is dumpable owns these himself, and is of no other user here.
	echo "guarded by: $(stat -c %U "/proc/$1/mem")"
	echo "both writable and executable: $(grep -c '^[^ ]* .wx' \
	    "/proc/$1/maps")"
}

# compare PID: hold a portrait against the golden one in standard input.
compare() {
	cat >golden
	portrait "$1" >actual
	atf_check -s exit:0 -o empty -e empty diff -u golden actual
}

# memory_limited PID: hold that it can have 64 MiB and no more.
memory_limited() {
	# AddressSanitizer maps terabytes, and such a build sets no limit.
	[ "$sanitizers" = no ] || return 0
	atf_check -s exit:0 -e empty \
	    -o match:'^Max address space  *67108864  *67108864 ' \
	    grep '^Max address space' "/proc/$1/limits"
}

case_of processes__golden 'a server is these processes and no other'
processes__golden_body() {
	at_rest
	cat >golden <<-END
		1 mandos
		1 mandos-checkerd
		1 mandos-core
		1 mandos-netd
		1 mandos-state
		1 mandos-warden
	END
	same_processes
}

# same_processes: hold that they are the golden ones, and that all end.
same_processes() {
	for pid in $(host_pids server); do
		cat "/proc/$pid/comm"
	done | sort | uniq -c | sed 's/^ *//' >processes
	atf_check -s exit:0 -o empty -e empty diff -u golden processes
	server_stop server
	host_is_idle server || atf_fail "left: $(host_pids server)"
}

case_of processes__on_a_bus 'busd is two: one of them is for Zeroconf'
processes__on_a_bus_body() {
	at_rest bus
	cat >golden <<-END
		1 mandos
		2 mandos-busd
		1 mandos-checkerd
		1 mandos-core
		1 mandos-netd
		1 mandos-state
		1 mandos-warden
	END
	same_processes
}

# root_ids CAPS FILTERS ROOT: the golden lines of those that keep uid 0.
root_ids() {
	cat <<-END
		Uid: 0 0 0 0
		Gid: 0 0 0 0
		Groups:
		Threads: 1
		CapInh: 0000000000000000
		CapPrm: $1
		CapEff: $1
		CapBnd: $1
		CapAmb: 0000000000000000
		NoNewPrivs: 1
		Seccomp: $(($2 > 0 ? 2 : 0))
		Seccomp_filters: $2
		core: 0 0
		root: $3
		guarded by: root
		both writable and executable: 0
	END
}

case_of parent__golden 'the parent has what it should and nothing else'
parent__golden_body() {
	at_rest
	# dac_read_search, ipc_lock, kill, net_raw, setgid, setuid, setpcap
	# and sys_chroot: what it starts needs them to lock itself down, and
	# net_raw to ping.
	{
		cat <<-END
			descriptor: /dev/null, 1
			descriptor: anon_inode:[eventpoll], 1
			descriptor: anon_inode:[signalfd], 1
			descriptor: anon_inode:[timerfd], 1
			descriptor: channel to monitor, 1
			descriptor: channel to warden, 1
			descriptor: log, 2
		END
		root_ids 00000000000461e4 0 'whole system'
	} >golden_parent
	compare "$parent" <golden_parent
	server_stop server
}

case_of monitor__golden 'the monitor has what it should and nothing else'
monitor__golden_body() {
	at_rest
	{
		cat <<-END
			descriptor: /dev/null, 2
			descriptor: anon_inode:[eventpoll], 1
			descriptor: anon_inode:[timerfd], 1
			descriptor: channel to netd, 5
			descriptor: channel to parent, 1
			descriptor: channel to warden, 1
			descriptor: listening socket, 1
			descriptor: log, 1
		END
		root_ids 0000000000000000 1 'whole system'
	} >golden_monitor
	compare "$monitor" <golden_monitor
	server_stop server
}

case_of warden__golden 'the warden has what it should and nothing else'
warden__golden_body() {
	at_rest
	{
		cat <<-END
			descriptor: /dev/null, 2
			descriptor: anon_inode:[eventpoll], 1
			descriptor: anon_inode:[timerfd], 1
			descriptor: channel to checkerd, 1
			descriptor: channel to monitor, 1
			descriptor: channel to parent, 1
			descriptor: channel to state, 1
			descriptor: log, 1
		END
		root_ids 0000000000000000 1 \
		    'removed directory, mode 0, entries 0'
	} >golden_warden
	compare "$warden" <golden_warden
	server_stop server
}

case_of state__golden 'the keeper of state has what it should, and no more'
state__golden_body() {
	at_rest
	{
		cat <<-END
			descriptor: /dev/null, 2
			descriptor: anon_inode:[eventpoll], 1
			descriptor: anon_inode:[timerfd], 1
			descriptor: channel to warden, 1
			descriptor: log, 1
			descriptor: state directory, 1
		END
		root_ids 0000000000000000 1 'state directory'
	} >golden_state
	compare "$state" <golden_state
	server_stop server
}

# worker_ids FILTERS: the golden lines that netd and its sessions have in
# common.
worker_ids() {
	uid=$(id -u "$netd_user")
	gid=$(id -g "$netd_user")
	cat <<-END
		Uid: $uid $uid $uid $uid
		Gid: $gid $gid $gid $gid
		Groups:
		Threads: 1
		CapInh: 0000000000000000
		CapPrm: 0000000000000000
		CapEff: 0000000000000000
		CapBnd: 0000000000000000
		CapAmb: 0000000000000000
		NoNewPrivs: 1
		Seccomp: 2
		Seccomp_filters: $1
		core: 0 0
		root: removed directory, mode 0, entries 0
		guarded by: root
		both writable and executable: 0
	END
}

case_of netd__golden 'netd has what it should and nothing else'
netd__golden_body() {
	at_rest
	{
		cat <<-END
			descriptor: /dev/null, 2
			descriptor: anon_inode:[eventpoll], 1
			descriptor: anon_inode:[signalfd], 1
			descriptor: anon_inode:[timerfd], 1
			descriptor: channel to monitor, 5
			descriptor: listening socket, 1
			descriptor: log, 1
		END
		worker_ids 1
	} >golden_netd
	compare "$netd" <golden_netd
	memory_limited "$netd"
	server_stop server
}

case_of session__golden 'a session has what it should and nothing else'
session__golden_body() {
	at_work
	{
		cat <<-END
			descriptor: /dev/null, 1
			descriptor: channel to monitor, 1
			descriptor: connection, 1
			descriptor: log, 1
		END
		worker_ids 2
	} >golden_session
	compare "$session" <golden_session
	memory_limited "$session"
	work_ends
}

case_of checkerd__golden 'checkerd has what it should and nothing else'
checkerd__golden_body() {
	at_rest
	# net_raw, so that checkers can ping.
	uid=$(id -u "$checker_user")
	gid=$(id -g "$checker_user")
	compare "$checkerd" <<-END
		descriptor: /dev/null, 2
		descriptor: anon_inode:[eventpoll], 1
		descriptor: anon_inode:[signalfd], 1
		descriptor: anon_inode:[timerfd], 1
		descriptor: channel to warden, 1
		descriptor: list of its children, 1
		descriptor: log, 1
		Uid: $uid $uid $uid $uid
		Gid: $gid $gid $gid $gid
		Groups:
		Threads: 1
		CapInh: 0000000000002000
		CapPrm: 0000000000002000
		CapEff: 0000000000002000
		CapBnd: 0000000000002000
		CapAmb: 0000000000002000
		NoNewPrivs: 1
		Seccomp: 2
		Seccomp_filters: 1
		core: 0 0
		root: whole system
		guarded by: root
		both writable and executable: 0
	END
	server_stop server
}

# bus_ids: the golden lines that busd and the process for Zeroconf have in
# common.
bus_ids() {
	uid=$(id -u "$bus_user")
	gid=$(id -g "$bus_user")
	cat <<-END
		Uid: $uid $uid $uid $uid
		Gid: $gid $gid $gid $gid
		Groups:
		Threads: 1
		CapInh: 0000000000000000
		CapPrm: 0000000000000000
		CapEff: 0000000000000000
		CapBnd: 0000000000000000
		CapAmb: 0000000000000000
		NoNewPrivs: 1
		Seccomp: 2
		Seccomp_filters: 1
		core: 0 0
		root: whole system
		guarded by: root
		both writable and executable: 0
	END
}

case_of busd__golden 'busd has what it should and nothing else'
busd__golden_body() {
	at_rest bus
	{
		cat <<-END
			descriptor: /dev/null, 2
			descriptor: anon_inode:[eventpoll], 1
			descriptor: anon_inode:[signalfd], 1
			descriptor: anon_inode:[timerfd], 1
			descriptor: channel to warden, 1
			descriptor: connection to the bus, 1
			descriptor: log, 1
			descriptor: pipe, 1
		END
		bus_ids
	} >golden_busd
	compare "$busd" <golden_busd
	# Its group is that of those who may own the names.
	[ "$(id -g "$bus_user")" = "$(id -g "$checker_user")" ] ||
	    atf_fail "$bus_user is not in the group of $checker_user"
	server_stop server
}

case_of announcer__golden 'the process for Zeroconf has no channel at all'
announcer__golden_body() {
	at_rest bus
	{
		# By the socket it asks for the interfaces.
		cat <<-END
			descriptor: /dev/null, 2
			descriptor: anon_inode:[eventpoll], 1
			descriptor: anon_inode:[timerfd], 1
			descriptor: connection to the bus, 1
			descriptor: log, 1
			descriptor: pipe, 1
			descriptor: socket without a peer, 1
		END
		bus_ids
	} >golden_announcer
	compare "$announcer" <golden_announcer
	server_stop server
}

# libraries PID: those it has mapped, without their versions and without what
# a sanitizer brings.
libraries() {
	sed -n 's|.* /.*/\([^/]*\)\.so.*|\1|p' "/proc/$1/maps" | sort -u |
	    if [ "$sanitizers" = no ]; then
		cat
	    else
		grep -vxE 'lib(asan|dl|gcc_s|m|pthread|rt|stdc\+\+|ubsan)'
	    fi
}

case_of libraries__golden 'no process maps code that it does not need'
libraries__golden_body() {
	at_work
	for part in $parts session; do
		eval "libraries \"\$$part\"" >"actual_$part"
	done
	cat >golden_parent <<-END
		ld-linux-x86-64
		libbsd
		libc
		libcap-ng
		libmd
	END
	{
		cat golden_parent
		echo libseccomp
	} >golden_warden
	cp golden_warden golden_checkerd
	{
		cat golden_warden
		echo libnettle
	} | sort >golden_state
	# Nothing that speaks TLS or D-Bus.
	{
		cat golden_state
		printf '%s\n' libgmp libhogweed
	} | sort >golden_monitor
	{
		cat golden_monitor
		# GnuTLS and what it is made of.
		printf '%s\n' libffi libgnutls libidn2 libp11-kit libtasn1 \
		    libunistring
	} | sort >golden_netd
	# The small ones are part of it where they can be.
	if [ "$small_static" = yes ]; then
		sed -i -e /libbsd/d -e /libcap-ng/d -e /libmd/d \
		    -e /libseccomp/d golden_netd
	fi
	cp golden_netd golden_session
	# The loader is named after the machine.
	sed -i 's/^ld-.*/ld/' golden_* actual_*
	for part in $parts session; do
		atf_check -s exit:0 -o empty -e empty \
		    diff -u "golden_$part" "actual_$part"
	done
	work_ends
}

case_of libraries__of_the_bus 'nor do busd and its child, TLS for example'
libraries__of_the_bus_body() {
	at_rest bus
	dbus=$(sed -n 's|.* \(/.*/libdbus-1\.so.*\)|\1|p' "/proc/$busd/maps" |
	    head -n 1)
	{
		printf '%s\n' libavahi-client libavahi-common libbsd libcap-ng \
		    libdbus-1 libmd libseccomp
		# What that is made of is up to the system.
		ldd "$dbus" | sed -n 's|^.*[ 	/]\([^ /]*\)\.so.* (.*|\1|p' |
		    grep -v vdso
	} | sort -u >golden_bus
	for pid in $busd $announcer; do
		libraries "$pid" >actual_bus
		atf_check -s exit:0 -o empty -e empty \
		    diff -u golden_bus actual_bus
	done
	atf_check -s exit:1 -o empty -e empty \
	    grep -E 'gnutls|nettle|hogweed|gpgme' golden_bus
	server_stop server
}

# intruder UID: make ./intruder, which runs a command as this user without any
# capability.
intruder() {
	printf '#! /bin/sh\nexec setpriv --reuid %s --clear-groups %s "$@"\n' \
	    "$1" '--bounding-set=-all --inh-caps=-all' >intruder
	chmod +x intruder
}

# control: every way leads into an ordinary process of that user.
control() {
	./intruder sleep 3600 &
	wait_for 10 grep -q '^sleep$' "/proc/$!/comm"
	printf '%s\n' signal ptrace mem mem_write vm_read get_fd files maps \
	    environ root >ways
	atf_check -s exit:0 -o file:ways -e empty \
	    ./intruder "$helpers/reach" "$!"
	kill "$!"
}

# Those with uid 0; a signal is what users of one id can always send.
roots='parent monitor warden state'

# reached BY WAYS PART...: hold that an intruder gets into these parts of the
# server in these ways, one a line.
reached() {
	reached_ways=$1
	shift
	for reached_part; do
		reached_pids=$(server_part server "$reached_part") ||
		    atf_fail "there is no $reached_part"
		for reached_pid in $reached_pids; do
			atf_check -s exit:0 -o inline:"$reached_ways" \
			    -e empty ./intruder "$helpers/reach" "$reached_pid"
		done
	done
}

# not_signalled PART...: hold that it cannot send these a signal either.
not_signalled() {
	for signalled_part; do
		for signal in TERM KILL STOP; do
			atf_check -s exit:1 -o empty \
			    -e match:'Operation not permitted' \
			    ./intruder /bin/kill -s "$signal" \
			    "$(server_part server "$signalled_part")"
		done
	done
}

case_of intruder__as_netd 'the user of netd gets into no process'
intruder__as_netd_body() {
	at_work
	intruder "$(id -u "$netd_user")"
	control
	# shellcheck disable=SC2086	# several names
	reached '' $roots checkerd
	# The filters of netd and its sessions see to that they do not.
	reached 'signal\n' netd sessions
	# shellcheck disable=SC2086
	not_signalled $roots checkerd
	work_ends
}

case_of intruder__as_checker 'the user of checkers gets into no process'
intruder__as_checker_body() {
	at_work
	intruder "$(id -u "$checker_user")"
	control
	# shellcheck disable=SC2086	# several names
	reached '' $roots netd sessions
	reached 'signal\n' checkerd
	# shellcheck disable=SC2086
	not_signalled $roots netd
	work_ends
}

case_of intruder__as_bus 'the user of busd gets into no process'
intruder__as_bus_body() {
	at_rest bus
	intruder "$(id -u "$bus_user")"
	control
	# shellcheck disable=SC2086	# several names
	reached '' $roots netd checkerd
	# The filter of busd sees to that it does not.
	reached 'signal\n' busd
	# shellcheck disable=SC2086
	not_signalled $roots netd checkerd
	# Nor do the others get into busd.
	for user in "$netd_user" "$checker_user"; do
		intruder "$(id -u "$user")"
		reached '' busd
		not_signalled busd
	done
	server_stop server
}

case_of intruder__as_root 'root without capabilities gets into no process'
intruder__as_root_body() {
	at_work
	intruder 0
	control
	# shellcheck disable=SC2086	# several names
	reached 'signal\n' $roots
	reached '' netd sessions checkerd
	work_ends
}

atf_init_test_cases() {
	atf_add_test_case processes__golden
	atf_add_test_case processes__on_a_bus
	atf_add_test_case parent__golden
	atf_add_test_case monitor__golden
	atf_add_test_case warden__golden
	atf_add_test_case state__golden
	atf_add_test_case netd__golden
	atf_add_test_case session__golden
	atf_add_test_case checkerd__golden
	atf_add_test_case busd__golden
	atf_add_test_case announcer__golden
	atf_add_test_case libraries__golden
	atf_add_test_case libraries__of_the_bus
	atf_add_test_case intruder__as_netd
	atf_add_test_case intruder__as_checker
	atf_add_test_case intruder__as_bus
	atf_add_test_case intruder__as_root
}
