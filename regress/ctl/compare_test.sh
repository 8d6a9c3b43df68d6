# SPDX-License-Identifier: ISC
# Our mandos-ctl and Debian's, each with our server and with Debian's: four
# servers with the same clients, each on a bus of its own and commanded by one
# tool.  What is compared is in compare.py.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/ctl/server.sh"

# compare_of NAME SECONDS DESCRIPTION: a case, which is a list in compare.py.
compare_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$3\"
		atf_set timeout $2
		atf_set require.user root
	}
	$1_body() {
		compare $1
	}"
}

compare() {
	need mandos mandos-ctl
	[ -x /usr/sbin/mandos ] || atf_skip "Debian's mandos is not installed"
	[ -x /usr/sbin/mandos-ctl ] ||
	    atf_skip "Debian's mandos-ctl is not installed"
	python=/usr/bin/python3
	"$python" -c 'import dbus' 2>/dev/null ||
	    atf_skip 'python3-dbus is not installed'
	house
	for name in bar.example.org baz zulu; do
		key "$name"
		section "$name"
	done
	# Checkers that end when they are told to, and only then.
	cat >>etc/clients.conf <<-END
		[DEFAULT]
		checker = exec sleep 3600
		interval = P7D
		timeout = P1D
	END
	server_of ours 4711 "$bin/mandos"
	server_of ours_theirs 4712 "$bin/mandos"
	server_of debian_ours 4713 /usr/sbin/mandos
	server_of debian 4714 /usr/sbin/mandos
	"$python" -B "$top_srcdir/regress/ctl/compare.py" "$1" \
	    "$top_builddir" "$(cat server.host)" "$fetcher" >out 2>&1 ||
	    fail_with out "$(tail -n 1 out)"
	cat out
}

compare_of same__lists 300 'every form of a list'
compare_of same__changes 600 'every option that changes something'
compare_of same__conflicts 600 'every option that does not go with others'
compare_of difference__crashes 300 'where the original ends with a traceback'
compare_of difference__not_offered 300 'what only our server offers'

atf_init_test_cases() {
	atf_add_test_case same__lists
	atf_add_test_case same__changes
	atf_add_test_case same__conflicts
	atf_add_test_case difference__crashes
	atf_add_test_case difference__not_offered
}
