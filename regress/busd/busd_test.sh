# SPDX-License-Identifier: ISC
# mandos-busd on a private bus, with a warden that is played: what it shows,
# takes and says there, and what it withstands.  The cases are in cases.py.

. "$(atf_get_srcdir)/../lib.sh"

# story NAME SECONDS DESCRIPTION: a test case that is a function of cases.py.
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

# The bindings are of the system's python3, whatever else is in PATH.
play() {
	need dbus-daemon dbus-send mandos-ctl
	python=/usr/bin/python3
	"$python" -c 'import dbus, gi' 2>/dev/null ||
	    atf_skip 'python3-dbus or python3-gi is not installed'
	getent passwd "$bus_user" >/dev/null ||
	    atf_skip "there is no user $bus_user"
	# Sanitizers keep what is freed, to say who uses it again.
	[ "$1/$sanitizers" != secret__wiped/yes ] ||
	    atf_skip 'sanitizers have a free() of their own'
	export CHECKER_USER="$checker_user"
	"$python" -B "$top_srcdir/regress/busd/cases.py" "$1" "$top_srcdir" \
	    "$top_builddir" >out 2>&1 || fail_with out "$(tail -n 1 out)"
}

story introspection__as_the_original 60 'it is what programs expect'
story properties__of_all_kinds 120 'each is read, set and refused'
story methods__of_all_kinds 60 'each does its work and refuses nonsense'
story own_interface__of_its_own 60 'what is ours is apart'
story reload__answers 60 'who asks for it hears what has come of it'
story add_client__settings 60 'each is taken, or refused by its name'
story add_client__twice 60 'what is there twice is not guessed at'
story add_client__gone_at_once 60 'one that has gone again has no path'
story signals__as_recorded 120 'situations are told in the recorded order'
story signals__of_start_and_end 60 'clients are announced and taken back'
story signals__of_unknown_keys 60 'key and address are told'
story signals__before_replies 60 'who has the reply has heard the change'
story errors__not_saved 60 'a change that is not on disk is an error'
story names__of_all_kinds 60 'each client has a path of its own'
story ctl__every_option 300 'mandos-ctl of Debian does what it does'
story bus__restarts 300 'it is found again, twenty times'
story bus__absent_at_start 60 'it is waited for'
story bus__name_taken 60 'it is tried again'
story bus__useless_address 60 'nothing but a socket is connected to'
story stranger__and_policy 60 'others are denied everything by the bus'
story stranger__and_open_policy 60 'and by us, if the bus lets them in'
story stranger__speaks_for_the_bus 60 'what another says of him is nothing'
story members__of_the_group 60 'they may do what root may'
story calls__unanswered 120 'they have a limit, for each caller'
story errors__short 60 'they quote no more than is good'
story descriptors__refused 60 'those that come with calls and signals'
story calls__no_reply_wanted 60 'no reply is sent, but all is done'
story calls__fuzzed 600 'nothing that is called ends it'
story clients__very_many 120 'ten thousand are listed'
story warden__broken 60 'what it says must make sense'
story secret__wiped 120 'nothing of it is left in memory'

atf_init_test_cases() {
	for test_case in introspection__as_the_original \
	    properties__of_all_kinds methods__of_all_kinds \
	    own_interface__of_its_own reload__answers add_client__settings \
	    add_client__gone_at_once add_client__twice \
	    signals__as_recorded \
	    signals__of_start_and_end signals__of_unknown_keys \
	    signals__before_replies errors__not_saved names__of_all_kinds \
	    ctl__every_option bus__restarts bus__absent_at_start \
	    bus__name_taken bus__useless_address stranger__and_policy \
	    stranger__and_open_policy stranger__speaks_for_the_bus \
	    members__of_the_group \
	    calls__unanswered errors__short descriptors__refused \
	    calls__no_reply_wanted calls__fuzzed \
	    clients__very_many warden__broken secret__wiped; do
		atf_add_test_case "$test_case"
	done
}
