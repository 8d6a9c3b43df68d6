# SPDX-License-Identifier: ISC
# Our server and Debian's on buses of their own, side by side: Debian's tools
# see no difference.  And ours alone: strangers see nothing.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/pair.sh"

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 900
		atf_set require.user root
	}"
}

case_of ctl__every_option 'mandos-ctl of Debian does with both what it does'
ctl__every_option_body() {
	pair
	pair_client foo
	pair_client bar.example.org 'enabled = no' \
	    'approval_delay = PT30S' 'approved_by_default = no' \
	    'extended_timeout = P52W'
	pair_client u 'timeout = PT1H'
	for name in one two three four five six seven; do
		pair_client "$name"
	done
	two ctl_pair.py "$top_srcdir/regress/busd/vectors/ctl-commands.json"
	atf_check -s exit:1 -o empty -e empty grep '^<[0-3]>' ours.log
}

case_of signals__of_a_story 'whatever happens is told in the same words'
signals__of_a_story_body() {
	pair
	pair_client well
	pair_client ill "checker = $PWD/check; exit 7"
	pair_client killed "checker = $PWD/check; kill -KILL \$\$"
	pair_client yes 'approval_delay = PT30S' 'approved_by_default = no'
	pair_client no 'approval_delay = PT30S'
	pair_client late 'approval_delay = PT1S' 'approved_by_default = no'
	pair_client early 'approval_delay = PT1S'
	pair_client short 'timeout = PT2S'
	key stranger
	two story_pair.py
	atf_check -s exit:1 -o empty -e empty grep '^<[0-3]>' ours.log
}

# strangers WHO [FILE]: hold that they are refused everything by the bus or the
# server, on a bus of this policy, and that nothing has come of it.
strangers() {
	strangers_who=$1
	shift
	need dbus-daemon mandos-ctl
	/usr/bin/python3 -c 'import dbus' 2>/dev/null ||
	    atf_skip 'python3-dbus is not installed'
	house
	chmod 755 .
	key foo
	section foo
	mkdir -m 700 ours.state
	pair_bus ours "$@"
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/ours
	export DBUS_SYSTEM_BUS_ADDRESS
	server_run server "$bin/mandos" --foreground --no-zeroconf \
	    --port "$port" --configdir "$PWD/etc" --statedir "$PWD/ours.state"
	wait_for $((10 * slower)) mandos-ctl
	/usr/bin/python3 -B "$top_srcdir/regress/integ/strangers.py" foo \
	    "$strangers_who" >out 2>&1 || fail_with out "$(tail -n 1 out)"
	gets good good
	server_stop server
}

case_of strangers__and_our_policy 'the bus lets them call nothing at all'
strangers__and_our_policy_body() {
	strangers bus "$top_builddir/etc/dbus-1/system.d/mandos.conf"
}

case_of strangers__and_no_policy 'nor does the server if the bus lets them'
strangers__and_no_policy_body() {
	strangers server
}

atf_init_test_cases() {
	atf_add_test_case ctl__every_option
	atf_add_test_case signals__of_a_story
	atf_add_test_case strangers__and_our_policy
	atf_add_test_case strangers__and_no_policy
}
