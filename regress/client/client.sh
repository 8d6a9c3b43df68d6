# SPDX-License-Identifier: ISC
# What the tests of mandos-client share.  Sourced after lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154

client=$top_builddir/client/mandos-client
fakeserver=$(atf_get_srcdir)/client_fakeserver

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 120
		atf_set require.user root
	}"
}

# client_box: the client's files below /run are in ./run; ./in_box COMMAND
# runs there, and makes ./box when it does.
client_box() {
	mkdir -p run/tmp
	chmod 1777 run/tmp
	cat >in_box <<-'END'
		#! /bin/sh
		exec unshare --mount sh -ec '
		mount --bind run /run
		echo >box
		exec "$@"
		' in_box "$@"
	END
	chmod +x in_box
}

# ours HOST KEYS [OPTION...]: our client there with these keys, and half a
# minute of patience.  What is in $client_as, setpriv for example, runs it.
ours() {
	ours_host=$1
	ours_keys=$2
	shift 2
	[ -x in_box ] || client_box
	# shellcheck disable=SC2086	# several words
	at "$ours_host" ./in_box timeout --preserve-status -k 5 30 $client_as \
	    "$client" --network-hook-dir="$PWD/network-hooks.d" \
	    --pubkey="$ours_keys/pubkey.txt" \
	    --seckey="$ours_keys/seckey.txt" \
	    --tls-pubkey="$ours_keys/tls-pubkey.pem" \
	    --tls-privkey="$ours_keys/tls-privkey.pem" "$@"
}

# ours_starts NAME HOST KEYS [OPTION...]: the same in the background; its pid
# is in NAME.pid, its output in NAME.out and NAME.err.
ours_starts() {
	starts_name=$1
	starts_host=$2
	starts_keys=$3
	shift 3
	[ -x in_box ] || client_box
	rm -f box
	# Nothing between, so that it is this process.
	# shellcheck disable=SC2086	# several words
	nsenter --target "$(cat "$starts_host.host")" --net ./in_box $client_as \
	    "$client" --network-hook-dir="$PWD/network-hooks.d" \
	    --pubkey="$starts_keys/pubkey.txt" \
	    --seckey="$starts_keys/seckey.txt" \
	    --tls-pubkey="$starts_keys/tls-pubkey.pem" \
	    --tls-privkey="$starts_keys/tls-privkey.pem" "$@" \
	    >"$starts_name.out" 2>"$starts_name.err" &
	echo $! >"$starts_name.pid"
	wait_for 10 test -s box
}

# ours_ends NAME STATUS STDOUT: wait for its end, and hold that it was this.
ours_ends() {
	ends_status=0
	wait_for 40 ended "$(cat "$1.pid")"
	wait "$(cat "$1.pid")" || ends_status=$?
	[ "$ends_status" -eq "$2" ] ||
	    fail_with "$1.err" "the client ended with $ends_status"
	printf %s "$3" >ends.expected
	cmp -s ends.expected "$1.out" ||
	    fail_with "$1.err" "the client printed $(cat "$1.out")"
}

# ended PID: this child of ours has ended.
ended() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.*zombie' \
	    "/proc/$1/status"
}

# fetches PASSWORD HOST KEYS [OPTION...]: hold that it prints the password,
# nothing else, and leaves nothing behind.
fetches() {
	fetches_password=$1
	shift
	fetches_status=0
	ours "$@" >fetches.out 2>fetches.err || fetches_status=$?
	[ "$fetches_status" -eq 0 ] ||
	    fail_with fetches.err "the client ended with $fetches_status: $*"
	printf %s "$fetches_password" >fetches.expected
	cmp -s fetches.expected fetches.out ||
	    fail_with fetches.out 'that is not the password'
	leaves_nothing
}

# leaves_nothing: no process, no directory.
leaves_nothing() {
	box_processes >box.left
	if grep -q -e gpg -e mandos-client box.left; then
		fail_with box.left 'a process is left behind'
	fi
	# A hook that was interrupted may have a last word to say.
	wait_for 5 box_is_empty
	[ -z "$(find run -mindepth 2)" ] ||
	    atf_fail "left behind: $(find run -mindepth 2 | tr '\n' ' ')"
}

# box_processes: print the name of each process that is there, which is known
# by what is mounted on /run.
box_processes() {
	box_names=$(grep -lF "${PWD#/tmp}/run /run " /proc/[0-9]*/mountinfo \
	    2>/dev/null | sed 's|mountinfo$|comm|')
	# shellcheck disable=SC2086	# several files
	[ -z "$box_names" ] || cat $box_names 2>/dev/null || :
}

box_is_empty() {
	[ -z "$(box_processes)" ]
}

# fails STATUS STDERR HOST KEYS [OPTION...]: hold that it ends with this
# status, prints nothing, says what matches, and leaves nothing behind.
fails() {
	fails_status=$1
	fails_err=$2
	shift 2
	[ -x in_box ] || client_box
	fails_got=0
	ours "$@" >fails.out 2>fails.err || fails_got=$?
	[ "$fails_got" -eq "$fails_status" ] ||
	    fail_with fails.err "the client ended with $fails_got: $*"
	grep -qe "$fails_err" fails.err ||
	    fail_with fails.err "the client did not say $fails_err"
	[ ! -s fails.out ] || atf_fail 'the client printed something'
	leaves_nothing
}

# fake NAME PORT MODE FILE [PRIORITY]: a server that is none, on the host
# "server".  What happens is in NAME.log.
fake() {
	fake_name=$1
	shift
	# An earlier one of this name has been ready, too.
	rm -f "$fake_name.log"
	nsenter --target "$(cat server.host)" --net "$fakeserver" "$@" \
	    >"$fake_name.log" 2>&1 &
	echo $! >"$fake_name.pid"
	wait_for 10 grep -qs ready "$fake_name.log"
}

# secret_for KEYS PASSWORD: print it encrypted for these keys.
secret_for() {
	printf %s "$2" | client_gpg "$1" --sign --encrypt \
	    --recipient "$(client_fingerprint "$1")"
}

# served [LINE...]: a host with our server, and a client "client" with the
# password "pass word %" and these lines in addition.
served() {
	host_new server
	mkdir -m 700 etc
	echo '[DEFAULT]' >etc/mandos.conf
	client_keys client
	client_section client client 'pass word %' >etc/clients.conf
	for served_line; do
		echo "$served_line" >>etc/clients.conf
	done
}
