# SPDX-License-Identifier: ISC
# Whole servers with a busd or a checkerd in hostile hands: helpers/hostile
# says every message in every phase, and whatever comes to its mind, while
# clients fetch their secrets.  It hears no byte of a secret; the monitor lives
# and hands them out; who breaks the table is killed, with an alert, and
# started again; and if that happens twice in a minute the server ends, and can
# be started again with what it has saved.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/pair.sh"

bin=$top_builddir/regress/hostile
helpers=$top_builddir/regress/helpers
canary=CANARY-5b1f0c77e2

# With sanitizers every fifth type has to do.
if [ "$sanitizers" = no ]; then
	step=1
	giants=
else
	step=5
	giants=-g
fi

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 900
		atf_set require.user root
	}"
}

# patterns: how a canary looks, as it is and in base64, wherever it begins.
patterns() {
	echo "$canary"
	for before in '' x xy; do
		# Not the ends, in which it is mixed with what is beside it.
		printf %s "$before$canary" | base64 |
		    sed 's/^....//; s/.....$//'
	done
}

# clients: each has a secret that is a canary of its own.
clients() {
	for name in one two three; do
		key "$name"
	done
	for name in good one two three; do
		printf %s "$canary-$name" | "$fetcher" -S "$name" \
		    -k "$name.key" -u "$name.pub"
		echo 'checker = :'
	done >etc/clients.conf
}

# meets PROGRAM TYPE [OPTION...]: a server whose PROGRAM breaks the table with
# this type.
meets() {
	meets_program=$1
	meets_type=$2
	shift 2
	rm -rf server.state hostile
	mkdir hostile
	mkdir -m 700 server.state
	HOSTILE=$meets_program HOSTILE_TYPE=$meets_type \
	    HOSTILE_DIR=$PWD/hostile server_run server "$bin/mandos" \
	    --foreground --no-zeroconf --statedir "$PWD/server.state" \
	    --port "$port" --configdir "$PWD/etc" "$@"
	# A first life of good manners, but of too many words.
	wait_for $((10 * slower)) grep -q 1 hostile/life
	gets "$canary-good" good
	monitor=$(server_part server monitor)
	innocent "$meets_program"
	: >hostile/go.1
	wait_for $((10 * slower)) alerted "$meets_program"
	gets "$canary-good" good
	# And a second, that is never ready.
	wait_for $((10 * slower)) grep -q 2 hostile/life
	gets "$canary-good" good
	innocent "$meets_program"
	[ "$(server_part server monitor)" = "$monitor" ] ||
	    server_fail server 'the monitor is another'
	: >hostile/go.2
	wait_for $((10 * slower)) has_gone "$(cat server.pid)"
	status=0
	wait "$(cat server.pid)" || status=$?
	[ "$status" -eq 70 ] ||
	    server_fail server "type $meets_type: the server ended with $status"
	wait_for $((5 * slower)) host_is_idle server
}

# recovers: what a hostile one had put into the ledger is no harm to a server of
# sound programs that finds it, nor to who looks at it on the bus.
recovers() {
	server_run server "$top_builddir/regress/bin/mandos" --foreground \
	    --no-zeroconf --statedir "$PWD/server.state" --port "$port" \
	    --configdir "$PWD/etc"
	gets "$canary-good" good
	wait_for $((10 * slower)) mandos-ctl --dump-json
	atf_check -s exit:0 -o match:'^    "good": [{]$' -e empty \
	    mandos-ctl --dump-json
	server_stop server
	atf_check -s exit:1 -o empty -e empty grep -a '^<[0-2]>' server.log
}

# innocent PROGRAM: the memory of the hostile one, who keeps all, is clean.
innocent() {
	innocent_pid=$(server_part server "${1#mandos-}") ||
	    server_fail server "there is no $1"
	# shellcheck disable=SC2086	# one word or none
	atf_check -s exit:0 -o empty -e empty \
	    "$helpers/memscan" $giants "$innocent_pid" "$canary"
}

alerted() {
	grep -q "<1>mandos-warden: ${1#mandos-} broke the message table" \
	    server.log
}

has_gone() {
	! kill -0 "$1" || grep -q '^State:	Z' "/proc/$1/status"
}

# story PROGRAM [OPTION...]: what becomes of it, for each type of message.
story() {
	program=$1
	part=${1#mandos-}
	shift
	need mandos-ctl
	house
	clients
	chmod 755 .
	pair_bus ours
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/ours
	export DBUS_SYSTEM_BUS_ADDRESS
	patterns >patterns
	# They are good for something.
	for before in '' x xy; do
		printf %s "$before$canary-good" | base64 |
		    grep -qF -f patterns || atf_fail "not found: $before"
	done
	types=$("$bin/mandos-busd")
	[ "$types" -gt 50 ] || atf_fail "there are $types types"
	type=0
	while [ "$type" -le "$types" ]; do
		meets "$program" "$type" "$@"
		# It has heard of the clients, but nothing that is secret.
		atf_check -s exit:0 -o ignore -e empty \
		    grep -aq three hostile/heard
		atf_check -s exit:1 -o empty -e empty \
		    grep -aF -e DESCRIPTOR -f patterns hostile/heard
		atf_check -s exit:0 -o inline:'2\n' -e empty \
		    grep -c "<1>mandos-warden: $part broke the" server.log
		atf_check -s exit:0 -o inline:'1\n' -e empty grep -c \
		    "<1>mandos: $part broke the message table twice" \
		    server.log
		[ $((type % 5)) -ne 0 ] || recovers
		type=$((type + step))
	done
}

case_of busd__hostile 'whatever it says, it hears no secret'
busd__hostile_body() {
	story mandos-busd
}

case_of checkerd__hostile 'whatever it says, it hears no secret'
checkerd__hostile_body() {
	story mandos-checkerd --no-dbus
}

atf_init_test_cases() {
	atf_add_test_case busd__hostile
	atf_add_test_case checkerd__hostile
}
