# SPDX-License-Identifier: ISC
# The parent: how a daemon starts, what signals do, and that no process of the
# server is left when one ends that the others cannot do without.

. "$(atf_get_srcdir)/../lib.sh"

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 60
		atf_set require.user root
	}"
}

# case_of_daemon NAME DESCRIPTION: one that starts a daemon.
case_of_daemon() {
	atf_test_case "$1" cleanup
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 60
		atf_set require.user root
	}"
	eval "$1_cleanup() { daemon_cleanup; }"
}

# --- as a daemon

case_of_daemon daemon__pid_file 'the pid file has the pid that takes signals'
daemon__pid_file_body() {
	daemon_host
	umask 022
	echo 'left by another' >run/mandos.pid
	daemon 0 empty
	atf_check -s exit:0 -o match:'^[0-9]+$' -e empty cat run/mandos.pid
	atf_check -s exit:0 -o inline:'1 run/mandos.pid\n' -e empty \
	    wc -l run/mandos.pid
	atf_check -s exit:0 -o inline:'644\n' -e empty \
	    stat -c %a run/mandos.pid
	cp run/mandos.pid server.pid
	atf_check -s exit:0 -o inline:"$bin/mandos\n" -e empty \
	    readlink "/proc/$(cat server.pid)/exe"
	server_part server monitor || atf_fail 'it is not the parent'
	gets good good
	daemon_stop
}

case_of_daemon daemon__pid_file_kept 'a start that fails writes no pid file'
daemon__pid_file_kept_body() {
	daemon_host
	echo 'left by another' >run/mandos.pid
	# As late as a start can fail: the state is damaged.
	mkdir -m 700 server.state
	echo nonsense >server.state/clients.ledger
	chmod 600 server.state/clients.ledger
	daemon 65 empty
	atf_check -s exit:0 -o inline:'left by another\n' -e empty \
	    cat run/mandos.pid
	wait_for 2 host_is_idle server
}

case_of_daemon daemon__pid_file_impossible 'without a pid file it serves'
daemon__pid_file_impossible_body() {
	daemon_host
	syslogd
	ln -s elsewhere run/mandos.pid
	daemon 0 match:"^<3>mandos: Could not open file '/run/mandos.pid': "
	gets good good
	pgrep -x mandos --ns "$(cat server.host)" --nslist net >server.pid
	kill -TERM "$(cat server.pid)"
	wait_for 2 host_is_idle server
	[ ! -e run/elsewhere ] || atf_fail 'it follows links'
}

case_of_daemon daemon__reload 'a daemon reloads, and complains to syslogd'
daemon__reload_body() {
	daemon_host
	syslogd
	# Paths are those of where it was started, though it is no more there.
	atf_check -s exit:0 -o empty -e ignore ./boxed "$bin/mandos" \
	    --no-dbus --no-zeroconf --port "$port" --statedir server.state \
	    --configdir etc
	[ -f server.state/clients.ledger ] || atf_fail 'its state is elsewhere'
	key new
	section new
	sed -i '/^\[new\]$/,$ { /^secret/,$d; }' etc/clients.conf
	echo 'secfile = secret.file' >>etc/clients.conf
	printf %s new >secret.file
	kill -HUP "$(cat run/mandos.pid)"
	wait_for 10 serves new new
	echo 'interval = soon' >>etc/clients.conf
	line=$(wc -l <etc/clients.conf)
	kill -HUP "$(cat run/mandos.pid)"
	for text in "ERROR: etc/clients.conf:$line: interval is not a .*" \
	    'ERROR: configuration not reloaded, the old one stays in force'; do
		wait_for 5 grep -qx "<27>Mandos \\[[0-9]*]: $text\\\\0" syslog
	done
	gets new new
	daemon_stop
}

# serves SECRET NAME: this client is given this secret?
serves() {
	[ "$(asks "$2")" = "$1" ]
}

# --- HUP

# reload RESULT [REGEX]: tell the server to read its configuration again, and
# wait until it has: "taken" needs a client "mark" that is there only then.
reload() {
	kill -HUP "$(cat server.pid)"
	if [ "$1" = refused ]; then
		logs "^<3>mandos: $2"
		logs '^<3>mandos: configuration not reloaded, the old one stays'
	else
		wait_for 10 serves "$1" "$1"
	fi
}

case_of reload__good 'clients come, and clients go'
reload__good_body() {
	house
	key one
	key two
	section one
	opens
	gets '' two
	sed -i '/^\[one\]$/,$d' etc/clients.conf
	section two
	reload two
	gets '' one
	gets good good
	server_stop server
}

case_of reload__directory 'files in clients.d are read as well'
reload__directory_body() {
	house
	opens
	key other
	gets '' other
	mkdir etc/clients.d
	cp etc/clients.conf first
	: >etc/clients.conf
	section other
	mv etc/clients.conf etc/clients.d/other.conf
	mv first etc/clients.conf
	reload other
	gets good good
	rm etc/clients.d/other.conf
	key mark
	section mark
	reload mark
	gets '' other
	server_stop server
}

case_of reload__broken 'a broken file changes nothing'
reload__broken_body() {
	house
	opens
	sed -i '/^\[good\]$/,$d' etc/clients.conf
	key other
	section other 'interval = soon'
	line=$(wc -l <etc/clients.conf)
	reload refused "$PWD/etc/clients.conf:$line: interval is not a"
	gets good good
	gets '' other
	# What is wrong may as well be in mandos.conf.
	sed -i '$d' etc/clients.conf
	echo 'port = ssh' >>etc/mandos.conf
	: >server.log
	reload refused "$PWD/etc/mandos.conf:2: port is not an integer"
	gets good good
	sed -i '$d' etc/mandos.conf
	reload other
	gets '' good
	server_stop server
}

case_of reload__missing 'a file that has gone changes nothing'
reload__missing_body() {
	house
	opens
	mv etc/clients.conf away
	reload refused "$PWD/etc: there is no clients.conf any more"
	gets good good
	mv away etc/clients.conf
	key mark
	section mark
	reload mark
	# A file that is there and empty is meant.
	: >etc/clients.conf
	kill -HUP "$(cat server.pid)"
	wait_for 10 serves '' good
	server_stop server
}

case_of reload__settings 'what a reload cannot change is said'
reload__settings_body() {
	house
	opens
	echo 'max_sessions = 77' >>etc/mandos.conf
	key mark
	section mark
	reload mark
	logs '^<4>mandos: settings have changed that take effect at the next st'
	server_stop server
}

case_of reload__often 'HUP upon HUP: the last is not forgotten'
reload__often_body() {
	house
	opens
	# The first reader has read clients.conf, and waits for this one.
	mkdir etc/clients.d
	mkfifo etc/clients.d/fifo.conf
	kill -HUP "$(cat server.pid)"
	wait_for 10 waits_for_fifo
	key mark
	section mark
	kill -HUP "$(cat server.pid)"
	kill -HUP "$(cat server.pid)"
	mv etc/clients.d/fifo.conf fifo
	gets '' mark
	: >fifo
	wait_for 10 serves mark mark
	gets good good
	server_stop server
}

waits_for_fifo() {
	# It has nothing else to sleep for.
	waits_pid=$(server_part server reader) &&
	    grep -q '^State:	S' "/proc/$waits_pid/status"
}

case_of reload__reader_killed 'a reader that is killed changes nothing'
reload__reader_killed_body() {
	house
	opens
	# It waits for somebody to write.
	mv etc/clients.conf away
	mkfifo etc/clients.conf
	kill -HUP "$(cat server.pid)"
	wait_for 10 server_part server reader
	kill -KILL "$(server_part server reader)"
	logs '^<3>mandos: configuration not reloaded, the old one stays in'
	gets good good
	server_stop server
}

case_of stop__while_reading 'a reader that waits is no reason to wait'
stop__while_reading_body() {
	house
	opens
	mv etc/clients.conf away
	mkfifo etc/clients.conf
	kill -HUP "$(cat server.pid)"
	wait_for 10 server_part server reader
	server_stop server
	wait_for 1 host_is_idle server
}

# --- ends

# ends STATUS: hold that the server ends so, and nothing of it is left.
ends() {
	wait_for 10 server_is_gone
	status=0
	wait "$(cat server.pid)" || status=$?
	[ "$status" -eq "$1" ] ||
	    server_fail server "the server ended with $status"
	wait_for 5 host_is_idle server
}

server_is_gone() {
	case $(ps -o stat= -p "$(cat server.pid)") in
	'' | Z*) return 0 ;;
	esac
	return 1
}

case_of killed__monitor 'without its monitor nothing is left'
killed__monitor_body() {
	house
	opens
	gets good good
	kill -KILL "$(server_part server monitor)"
	ends 70
	logs '^<1>mandos: the monitor was ended by signal 9$'
}

case_of killed__unsaved 'what is not on disk yet is saved at the end'
killed__unsaved_body() {
	house
	chmod 755 .
	mkdir -m 1777 shared
	cat >>etc/clients.conf <<-END
		interval = PT1S
		checker = echo >>$PWD/shared/checks
	END
	opens
	# With the second, the first is known to the server for certain.
	wait_for 20 has_lines 2 shared/checks
	cp server.state/clients.ledger before
	kill -KILL "$(server_part server monitor)"
	ends 70
	atf_check -s exit:1 -o ignore -e empty \
	    cmp before server.state/clients.ledger
}

# has_lines COUNT FILE
has_lines() {
	[ "$(wc -l <"$2")" -ge "$1" ]
}

case_of killed__parent 'without its parent nothing is left'
killed__parent_body() {
	house
	opens
	gets good good
	kill -KILL "$(cat server.pid)"
	wait_for 5 host_is_idle server
}

case_of killed__while_checking 'a checker does not outlive its server'
killed__while_checking_body() {
	house
	cat >>etc/clients.conf <<-END
		interval = PT1S
		timeout = PT1H
		checker = setsid sleep 3599 & sleep 3598
	END
	for victim in parent monitor checkerd; do
		opens
		wait_for 20 runs 'sleep 3598'
		wait_for 20 runs 'sleep 3599'
		before=$(host_sleepers | tr '\n' ' ')
		kill -KILL "$(server_part server "$victim")"
		if [ "$victim" = checkerd ]; then
			# It comes again, and so do its checkers.
			wait_for 5 others_than "$before"
			wait_for 20 runs 'sleep 3598'
			server_stop server
		fi
		wait_for 5 host_is_idle server
	done
}

# host_sleepers: the pids of checkers on the server's host.
host_sleepers() {
	pgrep -fx 'sleep 359[89]' --ns "$(cat server.host)" --nslist net
}

# runs COMMAND: there is such a process.
runs() {
	pgrep -fx "$1" --ns "$(cat server.host)" --nslist net
}

# others_than PIDS: none of these is there.
others_than() {
	for pid in $1; do
		[ ! -e "/proc/$pid" ] || return 1
	done
}

# mad PROGRAM TYPE BODY [NAME=VALUE...]: what this program is to send: the
# name of a message, and the rest of the packet in hexadecimal.
mad() {
	mad_type=$(awk -v name="$2" '
	match($0, /^TO_[A-Z]*\([A-Z_]*/) {
		if (substr($0, RSTART, RLENGTH) ~ "\\(" name "$")
			printf "%02x000000", n
		n++
	}
	' "$top_srcdir/common/msgs.def")
	[ -n "$mad_type" ] || mad_type=$2
	mad_under="env MAD=$1 MAD_PACKET=$mad_type$3"
	shift 3
	server_under="$mad_under $*"
	bin=$top_builddir/regress/mad
}

case_of mad__monitor 'a monitor that breaks the message table ends all'
mad__monitor_body() {
	house
	while read -r type body fd reason; do
		mad mandos-core "$type" "${body#-}" ${fd#-}
		mad_ends "from the monitor: $reason"
	done <<-END
		ff000000 - - unknown type
		00 - - shorter than any message
		PONG 00000000 - too short
		PONG 0100000002000000 - more clients enabled than there are
		SERVING 01000000020000000000000000000000 - more clients enabled than there are
		SETTINGS - - not for this sender
		PING 00000000 - not meant for this process
		SPAWN 05000000 - descriptor missing
		KILL 05000000 MAD_FD=1 stray descriptor
		SPAWN 00000000 MAD_FD=1 no such worker, or it is running
		SPAWN 02000000 MAD_FD=1 no such worker, or it is running
		SPAWN ffffffff MAD_FD=1 no such worker, or it is running
		KILL 00000000 - no such worker
	END
}

# mad_ends REASON: hold that the server ends, because of what it was told.
mad_ends() {
	printf '#! /bin/sh\nexec %s "$@"\n' "$server_under" >mad
	chmod +x mad
	atf_check -s exit:70 -o empty -e match:"^<1>mandos: .* $1\$" \
	    ./at_server ./mad "$bin/mandos" --foreground --no-dbus \
	    --no-zeroconf --port "$port" --configdir "$PWD/etc" \
	    --statedir "$PWD/server.state"
	host_is_idle server || atf_fail "$type left something"
}

case_of mad__warden 'nor may the warden, which is heard as well'
mad__warden_body() {
	house
	while read -r type body more reason; do
		# shellcheck disable=SC2086	# several words, or none
		mad mandos-warden "$type" "${body#-}" MAD_CHANNEL=4 ${more#-}
		mad_ends "from the warden: $reason"
	done <<-END
		ff000000 - - unknown type
		00 - - shorter than any message
		RELOAD - - too short
		RELOAD 0000000000 - too long
		RELOAD 00000000 MAD_FD=1 stray descriptor
		RELOAD 00000000 MAD_TWICE=1 it has asked already
		SERVING 01000000010000000000000000000000 - not for this sender
		SPAWN 05000000 MAD_FD=1 not for this sender
		KILL 05000000 - not for this sender
		COMPLAINT 00000000 - not for this sender
		SETTINGS 00000000 - not for this sender
		RELOADED 00000000 - not meant for this process
	END
}

case_of mad__reader 'a reader that breaks the message table is refused'
mad__reader_body() {
	house
	mad mandos-readconf CONF_END 00000000
	opens
	gets good good
	kill -HUP "$(cat server.pid)"
	logs '^<1>mandos: CONF_END from mandos-readconf: not meant for this pro'
	logs '^<3>mandos: configuration not reloaded, the old one stays in'
	wait_for 5 no_reader
	gets good good
	server_stop server
	# Nor may it go on when it has complained.
	mad mandos-readconf COMPLAINT 0000000041 MAD_TWICE=1
	opens
	kill -HUP "$(cat server.pid)"
	logs '^<1>mandos: COMPLAINT from mandos-readconf: out of order'
	wait_for 5 no_reader
	gets good good
	server_stop server
}

no_reader() {
	! server_part server reader
}

case_of hung__monitor 'a monitor that does not end is ended'
hung__monitor_body() {
	house
	opens
	kill -STOP "$(server_part server monitor)"
	begin=$(date +%s%3N)
	kill -TERM "$(cat server.pid)"
	ends 70
	took=$(($(date +%s%3N) - begin))
	[ "$took" -ge 5000 ] || atf_fail "ended after $took ms already"
	[ "$took" -le 9000 ] || atf_fail "ended after $took ms only"
	logs '^<1>mandos: the monitor does not end$'
}

case_of strangers__spared 'who was there before the server stays'
strangers__spared_body() {
	house
	# A process that becomes the server may have children.
	printf '#! /bin/sh\nsleep 3597 &\necho $! >stranger\nexec "$@"\n' \
	    >with_child
	chmod +x with_child
	server_under=./with_child
	opens
	kill -KILL "$(server_part server netd)"
	gets good good
	kill -0 "$(cat stranger)" || atf_fail 'it was taken for a worker'
	server_stop server
	kill "$(cat stranger)" || atf_fail 'it was ended with the server'
}

# --- limits

# limit PART NAME: print this soft and hard limit of that process.
limit() {
	awk -v name="$2" 'index($0, name) == 1 {
		$0 = substr($0, length(name) + 1)
		print $1, $2
	}' "/proc/$(server_part server "$1")/limits"
}

case_of limits__given_back 'each process has the limits it needs'
limits__given_back_body() {
	need prlimit
	house
	server_under='prlimit --nofile=100:2000'
	opens
	wait_for 10 server_part server checkerd
	for part in monitor warden state netd checkerd; do
		case $part in
		checkerd) files='100 2000' ;;
		*)	files='2000 2000' ;;
		esac
		echo "$part $files" >>expected
		echo "$part $(limit "$part" 'Max open files')" >>actual
	done
	atf_check -s exit:0 -o empty -e empty diff -u expected actual
	server_stop server
}

case_of limits__sessions 'no more sessions than descriptors'
limits__sessions_body() {
	need prlimit
	house
	server_under='prlimit --nofile=100:100'
	opens
	logs '^<4>mandos: max_sessions is 64, as more descriptors are not all'
	gets good good
	server_stop server
}

atf_init_test_cases() {
	atf_add_test_case daemon__pid_file
	atf_add_test_case daemon__pid_file_kept
	atf_add_test_case daemon__pid_file_impossible
	atf_add_test_case daemon__reload
	atf_add_test_case reload__good
	atf_add_test_case reload__directory
	atf_add_test_case reload__broken
	atf_add_test_case reload__missing
	atf_add_test_case reload__settings
	atf_add_test_case reload__often
	atf_add_test_case reload__reader_killed
	atf_add_test_case stop__while_reading
	atf_add_test_case killed__monitor
	atf_add_test_case killed__unsaved
	atf_add_test_case killed__parent
	atf_add_test_case killed__while_checking
	atf_add_test_case mad__monitor
	atf_add_test_case mad__reader
	atf_add_test_case mad__warden
	atf_add_test_case hung__monitor
	atf_add_test_case strangers__spared
	atf_add_test_case limits__given_back
	atf_add_test_case limits__sessions
}
