# SPDX-License-Identifier: ISC
# Where secrets are after they were sent: in the monitor's guarded memory, with
# state if they were set at run time, and nowhere else.  The secrets here are
# texts that can be told from all others.

. "$(atf_get_srcdir)/../lib.sh"

helpers=$top_builddir/regress/helpers
canary=CANARY-5b1f0c77e2

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set require.user root; }"
}

# A sanitizer's own memory is left out: terabytes, none of it anybody's data.
if [ "$sanitizers" = no ]; then
	giants=
else
	giants=-g
fi

# client NAME: a key, and a section on standard output whose secret is the
# canary over and over.
client() {
	"$helpers/fetch" -g ed25519 -k "$1.key" -u "$1.pub" ||
	    atf_fail 'no key'
	awk -v "s=$canary-$1;" 'BEGIN { while (i++ < 40) printf "%s", s }' \
	    >"$1.secret"
	"$helpers/fetch" -S "$1" -k "$1.key" -u "$1.pub" <"$1.secret"
}

# server_with_clients: some with their secret in clients.conf, one with a
# file, one that must wait; all of those secrets are canaries.
server_with_clients() {
	make_clients
	server_start server conf "$@"
}

make_clients() {
	need ip nsenter ss pgrep ps
	host_new server
	mkdir conf
	echo '[DEFAULT]' >conf/mandos.conf
	{
		client one
		client two
		client three | sed '/^secret/,$d'
		echo "secfile = $PWD/three.secret"
		client four
		echo 'approval_delay = PT1H'
		echo 'approved_by_default = no'
	} >conf/clients.conf
	chmod 600 conf/clients.conf three.secret
}

# fetched NAME: fetch this client's secret; it must be the right one.
fetched() {
	atf_check -s exit:0 -o file:"$1.secret" -e inline:'ok\n' \
	    ./at_server "$helpers/fetch" -p "$port" -k "$1.key" -u "$1.pub"
}

# sessions COUNT: are there so many?
sessions() {
	[ "$(server_part server sessions | wc -w)" -eq "$1" ]
}

# clean PID...: no canary is there.
clean() {
	for clean_pid; do
		# shellcheck disable=SC2086	# one word or none
		atf_check -s exit:0 -o empty -e empty \
		    "$helpers/memscan" $giants "$clean_pid" "$canary"
	done
}

# clean_others: no canary is in what is neither the monitor nor a session.
clean_others() {
	for clean_part in parent warden state netd checkerd; do
		clean "$(server_part server "$clean_part")"
	done
}

# sealed: the monitor has all four secrets, in guarded memory alone.
sealed() {
	# shellcheck disable=SC2086	# one word or none
	atf_check -s exit:1 -o inline:"160 anonymous locked undumped\n" \
	    -e empty "$helpers/memscan" $giants \
	    "$(server_part server monitor)" "$canary"
}

case_of memscan__finds 'the search finds a text and its base64 anywhere'
memscan__finds_body() {
	cat >sample.awk <<-'END'
		BEGIN {
			text = "canary is " ENVIRON["TEXT"] " here"
			print "ready"
			fflush()
			getline
		}
	END
	mkfifo hold
	for text in "$canary" "$(printf %s "$canary" | base64)" \
	    "$(printf 'x%s' "$canary" | base64)" \
	    "$(printf 'xy%s' "$canary" | base64)"; do
		TEXT=$text awk -f sample.awk <hold >ready &
		exec 9>hold
		wait_for 20 grep -q ready ready
		atf_check -s exit:1 -o match:'^[0-9]+ \[heap\]$' \
		    -o match:'^[0-9]+ \[stack\]$' -e empty \
		    "$helpers/memscan" "$!" "$canary"
		atf_check -s exit:0 -o empty -e empty \
		    "$helpers/memscan" "$!" "$canary-not"
		exec 9>&-
		wait "$!"
	done
	atf_check -s exit:2 -o empty -e match:'^memscan: /proc/[0-9]*/smaps' \
	    "$helpers/memscan" 4194305 "$canary"
}

case_of rest__clean 'after fetches no process but the monitor has a secret'
rest__clean_body() {
	server_with_clients
	sealed
	for name in one two three one two three; do
		fetched "$name"
	done
	wait_for 20 sessions 0
	clean_others
	sealed
	# The reader, who saw them all, has gone.
	for pid in $(host_pids server); do
		cat "/proc/$pid/comm"
	done | sort -u >names
	printf '%s\n' mandos mandos-checkerd mandos-core mandos-netd \
	    mandos-state mandos-warden >expected
	atf_check -s exit:0 -o empty -e empty diff -u expected names
	server_stop server
}

case_of delivery__clean 'a session has forgotten the secret it has sent'
delivery__clean_body() {
	server_with_clients
	mkfifo hold
	./at_server "$helpers/linger" ::1 "$port" one.key one.pub <hold \
	    >received 2>&1 &
	exec 9>hold
	wait_for 20 cmp received one.secret
	wait_for 20 sessions 1
	# The session is there and waits for its peer's goodbye.
	for pid in $(server_part server sessions); do
		wait_for 5 "$helpers/memscan" ${giants:+"$giants"} "$pid" \
		    "$canary"
	done
	sessions 1 || atf_fail 'the session did not wait'
	clean_others
	sealed
	exec 9>&-
	wait_for 20 sessions 0
	server_stop server
}

case_of approval__clean 'a session that waits for approval has no secret'
approval__clean_body() {
	server_with_clients --debuglevel=INFO
	./at_server "$helpers/fetch" -t 60000 -p "$port" -k four.key \
	    -u four.pub >received 2>&1 &
	wait_for 20 grep 'Client four needs approval' server.log
	sessions 1 || atf_fail 'the session did not wait'
	for pid in $(server_part server sessions); do
		clean "$pid"
	done
	clean_others
	sealed
	server_stop server
	wait "$!"
	atf_check -s exit:1 -o empty -e empty grep "$canary" received
}

case_of bus__clean 'a new secret goes through busd and leaves nothing there'
bus__clean_body() {
	need dbus-daemon mandos-ctl
	# Sanitizers keep what is freed, to say who uses it again.
	[ "$sanitizers" = no ] ||
	    atf_skip 'sanitizers have a free() of their own'
	. "$top_srcdir/regress/integ/pair.sh"
	chmod 755 .
	pair_bus ours
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/ours
	export DBUS_SYSTEM_BUS_ADDRESS
	make_clients
	mkdir -m 700 server.state
	server_run server "$bin/mandos" --foreground --port "$port" \
	    --configdir "$PWD/conf" --statedir "$PWD/server.state"
	wait_for 20 mandos-ctl
	clean_busd
	for name in one two; do
		awk -v "s=$canary-new;" \
		    'BEGIN { while (i++ < 40) printf "%s", s }' >"$name.secret"
		atf_check -s exit:0 -o empty -e empty \
		    mandos-ctl --secret "$name.secret" "$name"
		fetched "$name"
	done
	clean_busd
	# That it was set at run time is what the ledger has to remember.
	for part in parent warden netd checkerd; do
		clean "$(server_part server "$part")"
	done
	sealed
	server_stop server
}

# clean_busd: nor is one in busd, or in its child on Avahi's side.
clean_busd() {
	busd=$(server_part server busd) || server_fail server 'no busd'
	wait_for 20 pgrep -P "$busd"
	for pid in $busd $(pgrep -P "$busd"); do
		clean "$pid"
	done
}

case_of core__impossible 'no process of the server leaves a core file'
core__impossible_body() {
	case $(cat /proc/sys/kernel/core_pattern) in
	'|'* | */*) atf_skip 'core files do not go to the working directory' ;;
	esac
	mkdir plain
	need prlimit
	prlimit --pid $$ --core=unlimited ||
	    atf_skip 'no core files are allowed here'
	(cd plain && exec sleep 3600) &
	wait_for 10 grep -q '^sleep$' "/proc/$!/comm"
	kill -ABRT "$!"
	wait "$!"
	(cd plain && ls core*) >/dev/null 2>&1 ||
	    atf_skip 'an ordinary process leaves no core file here'

	server_with_clients
	fetched one
	mkfifo hold
	./at_server "$helpers/linger" ::1 "$port" two.key two.pub <hold \
	    >received 2>&1 &
	exec 9>hold
	wait_for 20 cmp received two.secret
	for part in sessions netd; do
		pid=$(server_part server "$part")
		pid=${pid%% *}
		atf_check -s exit:0 -e empty \
		    -o match:'^Max core file size  *0  *0  *bytes *$' \
		    grep '^Max core' "/proc/$pid/limits"
		kill -ABRT "$pid"
		wait_for 20 is_gone "$pid"
	done
	wait_for 20 grep -q 'netd was ended by signal 6' server.log
	exec 9>&-
	fetched one
	aborted 70 monitor
	server_start server conf
	aborted 134 parent
	atf_check -s exit:0 -o empty -e empty \
	    find . / -xdev -maxdepth 1 -name 'core*' -newer conf
}

# aborted STATUS PART: abort this part, with which the server ends like this.
aborted() {
	kill -ABRT "$(server_part server "$2")"
	server_status=0
	wait "$(cat server.pid)" || server_status=$?
	[ "$server_status" -eq "$1" ] || atf_fail "ended with $server_status"
	wait_for 20 host_is_idle server
}

is_gone() {
	! kill -0 "$1"
}

atf_init_test_cases() {
	atf_add_test_case memscan__finds
	atf_add_test_case rest__clean
	atf_add_test_case delivery__clean
	atf_add_test_case approval__clean
	atf_add_test_case bus__clean
	atf_add_test_case core__impossible
}
