# SPDX-License-Identifier: ISC
# A whole server on a private bus: what administrators do by the interface
# that is our own, and what is left of it.  The cases are in server.py.

. "$(atf_get_srcdir)/../lib.sh"

# story NAME SECONDS DESCRIPTION: a test case that is a function of server.py.
story() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$3\"
		atf_set timeout $2
		atf_set require.user root
	}
	$1_body() {
		play $1
	}"
}

play() {
	need dbus-daemon dbus-send
	python=/usr/bin/python3
	"$python" -c 'import dbus, gi' 2>/dev/null ||
	    atf_skip 'python3-dbus or python3-gi is not installed'
	getent passwd "$bus_user" >/dev/null ||
	    atf_skip "there is no user $bus_user"
	house
	# For checkers.
	chmod 755 .
	SANITIZERS=$sanitizers "$python" -B \
	    "$top_srcdir/regress/busd/server.py" "$1" "$top_srcdir" \
	    "$top_builddir" >out 2>&1 || {
		[ $? -ne 77 ] || atf_skip "Debian's mandos is not installed"
		cat server.log >&2
		fail_with out "$(tail -n 1 out)"
	}
}

story reload__in_force 120 'who has the answer is served by the new file'
story reload__broken 120 'the first complaint is the answer'
story reload__at_once 120 'many at once are few, and all are answered'
story reload__rests 120 'a long one is not followed at once'
story reload__thousand 900 'every second one is broken, under load'
story reload__not_saved 120 'what cannot be saved is not in force'
story strangers__denied 120 'others are denied all of it'
story unknown_key__address 300 'it is told as by the original'
story add__as_in_clients_conf 120 'one that is added is as any other'
story ctl__adds_and_reloads 120 'our mandos-ctl does both'
story add__exists 120 'a name and a key ID are had once'
story add__kept_and_removed 120 'restarts and reloads keep it until it is removed'
story add__then_in_clients_conf 120 'then it is what that says'
story add__not_saved 120 'what cannot be saved is not added'
story add__killed_meanwhile 300 'there or not, but there if that was said'
story add__many 300 'there is an end to it'

atf_init_test_cases() {
	for test_case in reload__in_force reload__broken reload__at_once \
	    reload__rests reload__thousand reload__not_saved strangers__denied \
	    unknown_key__address \
	    add__as_in_clients_conf \
	    ctl__adds_and_reloads add__exists add__kept_and_removed \
	    add__then_in_clients_conf add__not_saved add__killed_meanwhile \
	    add__many; do
		atf_add_test_case "$test_case"
	done
}
