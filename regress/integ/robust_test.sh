# SPDX-License-Identifier: ISC
# Floods, storms, crashes and kills: who is genuine is served all the same,
# who is not harms nobody but himself, and nothing is lost or left behind.

. "$(atf_get_srcdir)/../lib.sh"

helpers=$top_builddir/regress/helpers
newline='
'

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set require.user root; }"
}

# Sanitizers make everything slower: times allowed are so many times longer.
if [ "$sanitizers" = no ]; then
	slower=1
else
	slower=4
fi

# serve COUNT [LINE...]: a server with so many clients, and these lines in
# mandos.conf.  Its processes are $parent, $monitor, $warden and $netd.
serve() {
	need ip nsenter ss pgrep ps
	host_new server
	mkdir conf
	"$helpers/mkclients" -s 200 "$1" conf || atf_fail 'no clients'
	shift
	{
		echo '[DEFAULT]'
		printf '%s\n' "$@"
	} >conf/mandos.conf
	server_start server conf
	for serve_part in parent monitor warden netd; do
		wait_for 20 server_part server "$serve_part"
		eval "$serve_part=\$(server_part server $serve_part)"
	done
}

# same PART...: these parts of the server have not been replaced.
same() {
	for same_part; do
		eval "same_pid=\$$same_part"
		[ "$(server_part server "$same_part")" = "$same_pid" ] ||
		    atf_fail "the $same_part is another: $(cat server.log)"
	done
}

# storm [OPTION...]: run storm; all that it fetches must be served at once.
# Sources are told apart by IPv4 addresses: 127.1.0.0/16 are genuine clients,
# 127.66.0.0/16 others.
storm() {
	atf_check -s exit:0 -o save:figures -e empty ./at_server \
	    "$helpers/storm" -k conf/keys.bin -p "$port" -a 127.0.0.1 "$@"
}

# background [OPTION...]: run storm for as long as descriptor 9 is open.
background() {
	mkfifo hold
	./at_server "$helpers/storm" -k conf/keys.bin -p "$port" -a 127.0.0.1 \
	    --hold "$@" <hold >background 2>&1 &
	background_pid=$!
	exec 9>hold
}

# background_end: end that, and hold that none of its peers got anything.
background_end() {
	exec 9>&-
	wait "$background_pid"
	atf_check -s exit:0 -o match:'^leaked 0$' -e empty cat background
}

# figure NAME: what storm has printed.
figure() {
	sed -n "s/^$1 //p" figures
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# connections: how many there are at the server, at whichever end of its
# queue.
connections() {
	at server ss -Htn state established state syn-recv \
	    state close-wait "( sport = :$port )" | wc -l
}

# connected LEAST [MOST]
connected() {
	connected_now=$(connections)
	[ "$connected_now" -ge "$1" ] &&
	    [ "$connected_now" -le "${2:-1000000}" ]
}

# refused ADDRESS: does the log say that this source is refused?
refused() {
	grep -q "connections from ::ffff:$1 are refused" server.log
}

# key_pair NAME: a key that no client has.
key_pair() {
	atf_check -s exit:0 -o empty -e empty "$helpers/fetch" \
	    -g ed25519 -k "$1.key" -u "$1.pub"
}

# turned_away NAME ADDRESS: this source gets not even a handshake.
turned_away() {
	atf_check -s not-exit:0 -o empty \
	    -e match:'^no (connection|handshake)$' \
	    ./at_server "$helpers/fetch" -a 127.0.0.1 -s "$2" \
	    -k "$1.key" -u "$1.pub" -p "$port"
}

# idle: nobody is connected, and so there are no sessions.
idle() {
	connected 0 0 && ! server_part server sessions >sessions
}

case_of netd__killed 'netd killed 100 times under load harms no client'
netd__killed_body() {
	serve 20
	# The load is never served whole: its connections end with netd.
	./at_server "$helpers/storm" -k conf/keys.bin -p "$port" \
	    -n 10000000 -c 4 >load 2>&1 &
	load=$!
	most=0
	kills=0
	while [ "$kills" -lt 100 ]; do
		wait_for 20 server_part server netd
		kill -KILL "$(server_part server netd)"
		# Tries every half millisecond, and tells when it was served.
		storm -i $((kills % 20)) --wait --timeout 10
		if [ "$(figure first_us)" -gt "$most" ]; then
			most=$(figure first_us)
		fi
		kills=$((kills + 1))
	done
	[ "$most" -le $((1000000 * slower)) ] ||
	    atf_fail "served after $most us only"
	kill -0 "$load" || atf_fail "there was no load: $(cat load)"
	kill "$load"
	same parent monitor warden
	atf_check -s exit:0 -o inline:'100\n' -e empty \
	    grep -c 'netd was ended by signal 9$' server.log
	wait_for 20 idle
	storm -n 20 -c 1
	[ "$(figure served)" -eq 20 ] || atf_fail 'a client was lost'
	server_stop server
}

case_of descriptors__few '2,000 idle connections and 64 descriptors'
descriptors__few_body() {
	need prlimit
	server_under='prlimit --nofile=64:64'
	serve 5
	for pid in $monitor $netd; do
		atf_check -s exit:0 -o match:'^Max open files  *64  *64 ' \
		    -e empty grep '^Max open files' "/proc/$pid/limits"
	done
	background --idle 2000 --bad-sources 200
	wait_for 30 connected 1500
	# They wait their turn behind the idle ones, who are sent away.
	storm -n 5 -c 5 --sources 1 --timeout $((30 * slower))
	[ "$(figure max_us)" -le $((10000000 * slower)) ] ||
	    atf_fail "served after $(figure max_us) us only"
	connected 1000 || atf_fail "there were $(connections) connections only"
	background_end
	wait_for 30 idle
	same parent monitor warden netd
	storm -n 5 -c 5 --sources 1
	server_stop server
}

case_of drip__cut 'one byte a second: cut at the deadline'
drip__cut_body() {
	serve 5 'handshake_timeout = PT3S' 'penalty_late = PT10S' \
	    'penalty_min = PT15S'
	begin=$(now_ms)
	background --drip 20 --bad-sources 4 --respawn 3600000
	wait_for 10 connected 20
	storm -n 50 -c 2 --sources 1
	wait_for $((10 * slower)) connected 0 0
	took=$(($(now_ms) - begin))
	[ "$took" -ge 3000 ] || atf_fail "cut after $took ms already"
	[ "$took" -le $((5000 * slower)) ] || atf_fail "cut after $took ms only"
	for host in 1 2 3 4; do
		wait_for 10 refused "127.66.0.$host"
	done
	# Who is refused is cut off at once, and others are not.
	key_pair client
	turned_away client 127.66.0.1
	storm -n 5 -c 1 --sources 1
	background_end
	same parent monitor warden netd
	server_stop server
}

case_of sessions__taken 'who keeps all sessions loses one to a client'
sessions__taken_body() {
	serve 5 'max_sessions = 4' 'spare_sessions = 1' \
	    'handshake_timeout = PT5M'
	background --drip 8 --half 8 --bad-sources 1 --respawn 3600000
	wait_for 20 connected 16
	wait_for 20 sessions_are 4
	storm -n 3 -c 1 --sources 1 --timeout $((10 * slower))
	[ "$(figure served)" -eq 3 ] || atf_fail 'not all were served'
	[ "$(figure max_us)" -le $((4000000 * slower)) ] ||
	    atf_fail "served after $(figure max_us) us only"
	connected 4 || atf_fail 'the others had gone'
	background_end
	same parent monitor warden netd
	server_stop server
}

case_of silent__cut 'who says nothing is cut at the deadline'
silent__cut_body() {
	serve 5 'handshake_timeout = PT1S'
	background --idle 8 --bad-sources 2 --respawn 3600000
	wait_for 10 grep -q '^holding 8$' background
	# The kernel, which has them first, keeps them for a second or more.
	wait_for $((6 * slower)) connected 0 0
	# That is no offence.
	background_end
	held 0 '' '' server_complaints server
	same parent monitor warden netd
	server_stop server
}

case_of served__cut 'who is served and stays is cut at the deadline'
served__cut_body() {
	house
	printf '%s\n' 'close_timeout = PT1S' 'handshake_timeout = PT5M' \
	    >>etc/mandos.conf
	opens
	mkfifo hold
	./at_server "$helpers/linger" ::1 "$port" good.key good.pub \
	    <hold >received 2>lingered &
	linger=$!
	exec 9>hold
	printf good >secret
	wait_for 20 cmp received secret
	# It says no goodbye until descriptor 9 is closed.
	wait_for $((4 * slower)) idle
	kill -0 "$linger" || atf_fail "it did not stay: $(cat lingered)"
	exec 9>&-
	wait "$linger" || atf_fail "it failed: $(cat lingered)"
	server_stop server
}

case_of flood__penalised 'garbage, resets, strangers: only they are refused'
flood__penalised_body() {
	serve 10 'handshake_timeout = PT2S'
	background --garbage 40 --unknown 20 --half 20 --rst 20 \
	    --bad-sources 100 --respawn 100
	# Storm gives its peers sources from 1 in this order.  Who has reset
	# its connection is not refused: there is no telling who has done it.
	for host in 1 40 41 60 61 80; do
		wait_for 60 refused "127.66.0.$host"
	done
	storm -n 100 -c 4 --sources 3
	background_end
	atf_check -s exit:1 -o empty -e empty \
	    grep 'connections from ::ffff:127\.1\.' server.log
	wait_for 30 idle
	same parent monitor warden netd

	# A client behind an address that is refused must wait, too ...
	key_pair client
	turned_away client 127.66.0.1
	# ... and is not refused from elsewhere, though nobody knows it.
	atf_check -s exit:0 -o empty -e inline:'ok\n' \
	    ./at_server "$helpers/fetch" -a 127.0.0.1 -s 127.2.0.1 \
	    -k client.key -u client.pub -p "$port"
	server_stop server
}

case_of flood__beside_client 'a source with an enrolled client is spared'
flood__beside_client_body() {
	serve 5
	# Everybody has the address 127.0.0.1; one of them proves a key first.
	storm -n 1
	background --garbage 40 --unknown 20 --rst 10 --respawn 50
	wait_for 60 offences_are 300
	storm -n 50 -c 2
	background_end
	atf_check -s exit:1 -o empty -e empty grep 'are refused' server.log
	wait_for 30 idle
	same parent monitor warden netd
	server_stop server
}

# offences_are COUNT: has the log so many?
offences_are() {
	[ "$(grep -c -e 'Unknown protocol version' \
	    -e 'packet was received' server.log)" -ge "$1" ]
}

case_of storm__enrolled '1,000 clients at once from one source: all served'
storm__enrolled_body() {
	serve 1000
	storm -n 1000 -c 1000 --sources 1
	[ "$(figure served)" -eq 1000 ] || atf_fail 'not all were served'
	wait_for 30 idle
	same parent monitor warden netd
	held 0 '' '' server_complaints server
	server_stop server
}

case_of session__crashes 'a session that crashes penalises only its source'
session__crashes_body() {
	bin=$top_builddir/regress/crash
	serve 5
	key_pair stranger
	atf_check -s exit:2 -o empty -e inline:'no handshake\n' \
	    ./at_server "$helpers/fetch" -a 127.0.0.1 -s 127.66.0.1 \
	    -l "crash$newline" -k stranger.key -u stranger.pub -p "$port"
	wait_for 20 refused 127.66.0.1
	atf_check -s exit:0 -o match:'refused for 90 s: its session crashed$' \
	    -e empty grep 'connections from ::ffff:127.66.0.1' server.log
	turned_away stranger 127.66.0.1
	atf_check -s exit:0 -o inline:'1\n' -e empty \
	    grep -c 'a session was ended by signal' server.log
	storm -n 20 -c 2 --sources 2
	wait_for 20 idle
	same parent monitor warden netd
	atf_check -s exit:0 -o inline:'1\n' -e empty \
	    grep -c 'are refused' server.log
	server_stop server
}

# usage: descriptors and memory in kB of the monitor and netd.
usage() {
	for usage_pid in $monitor $netd; do
		find "/proc/$usage_pid/fd" -type l | wc -l
		sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' \
		    "/proc/$usage_pid/status"
	done | tr '\n' ' '
}

# some_of_all: every kind of peer, twice as many as can have a session.
some_of_all() {
	storm -n 200 -c 50 --sources 1 --bad-sources 300 --respawn 3600000 \
	    --idle 50 --drip 50 --garbage 50 --rst 50 --half 50 --unknown 50
	wait_for 60 idle
}

case_of resources__returned 'after storms, descriptors and memory are back'
resources__returned_body() {
	serve 100 'handshake_timeout = PT2S' 'close_timeout = PT2S' \
	    'penalty_max = PT0S' 'penalty_min = PT0S' 'max_sessions = 150'
	# The heap grows to what a storm needs; more storms need no more.
	some_of_all
	usage >before
	for try in 1 2 3; do
		some_of_all
	done
	usage >after
	same parent monitor warden netd
	read -r m_fds m_kb n_fds n_kb <before
	read -r m_fds_after m_kb_after n_fds_after n_kb_after <after
	[ "$m_fds $n_fds" = "$m_fds_after $n_fds_after" ] ||
	    atf_fail "descriptors: $(cat before after)"
	# A sanitizer keeps what was freed, to find uses of it.
	if [ "$sanitizers" = no ]; then
		[ "$m_kb_after" -le $((m_kb + 256)) ] ||
		    atf_fail "memory: $(cat before after)"
		[ "$n_kb_after" -le $((n_kb + 256)) ] ||
		    atf_fail "memory: $(cat before after)"
	fi
	[ "$(pgrep -c -P "$parent")" -eq 5 ] ||
	    atf_fail "the parent has other children: $(ps -ef)"
	server_stop server
}

case_of stop__loaded 'told to stop, it stops within a second'
stop__loaded_body() {
	serve 5
	background --idle 200 --drip 100 --half 200 --bad-sources 100 \
	    --respawn 3600000
	wait_for 30 connected 500
	wait_for 30 sessions_are 300
	begin=$(now_ms)
	server_stop server
	took=$(($(now_ms) - begin))
	[ "$took" -le $((1000 * slower)) ] || atf_fail "took $took ms"
	background_end
	wait_for 10 host_is_idle server
}

sessions_are() {
	[ "$(server_part server sessions | wc -w)" -ge "$1" ]
}

atf_init_test_cases() {
	atf_add_test_case netd__killed
	atf_add_test_case descriptors__few
	atf_add_test_case drip__cut
	atf_add_test_case sessions__taken
	atf_add_test_case silent__cut
	atf_add_test_case served__cut
	atf_add_test_case flood__penalised
	atf_add_test_case flood__beside_client
	atf_add_test_case storm__enrolled
	atf_add_test_case session__crashes
	atf_add_test_case resources__returned
	atf_add_test_case stop__loaded
}
