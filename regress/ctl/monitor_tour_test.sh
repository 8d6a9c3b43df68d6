# SPDX-License-Identifier: ISC
# mandos-monitor, ours and Debian's, each with our server and with Debian's:
# the same keys, and the same screens, which are in monitor.screens.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/debian.sh"
. "$top_srcdir/regress/ctl/monitor.sh"

# tour MONITOR SERVER: every key that both monitors have.
tour() {
	clients
	bus
	lives "$2"
	terminal
	shows "$1"
	looks start
	keys v
	looks verbose
	# The cursor is on the first client, and goes down, by any key for it.
	keys s
	looks checked
	keys Down -
	looks disabled
	keys +
	looks enabled
	keys j C
	looks carol-is-ok
	keys C-n + C
	looks delta-is-ok
	# To the last one, and up again.
	keys PageDown R
	looks india-removed
	keys b f _
	looks hotel-removed
	keys PageUp Space C-k
	looks golf-removed
	keys M-v C-v s
	looks echo-failed
	keys Up k C-p

	asks_aside bravo
	looks denial
	keys a
	sees 'Client bravo received its secret'
	# The original's server sometimes forgets that nobody waits any more.
	[ "$2" = debian ] || looks approved
	keys -
	looks approved-and-disabled
	asks_aside carol
	looks approval
	keys Down d
	sees 'Client carol was rejected; reason: Denied'
	[ "$2" = debian ] || looks denied
	keys -
	looks denied-and-disabled

	keys v w
	looks clip
	keys i
	looks any
	keys w l
	looks hidden
	keys D
	looks clip
	# What is done to clients, is done only where they are.
	keys Tab - d R Tab C-l
	looks clip
	keys l Tab C
	looks hidden-still
	quits
	# Rows that are too long are broken, but not within words.
	shows "$1" 30 15
	looks narrow
	quits
	# Of an odd number of rows clients have the larger half.
	shows "$1" 90 25
	looks odd
	quits
}

for one in ours debian; do
	for other in ours debian; do
		case_of "tour__${one}_with_$other" \
		    "the monitor ($one) shows the server ($other)"
	done
done

tour__ours_with_ours_body() {
	tour "$monitor" ours
}

tour__ours_with_debian_body() {
	tour "$monitor" debian
}

tour__debian_with_ours_body() {
	tour "$debian_monitor" ours
}

tour__debian_with_debian_body() {
	tour "$debian_monitor" debian
}

atf_init_test_cases() {
	atf_add_test_case tour__ours_with_ours
	atf_add_test_case tour__ours_with_debian
	atf_add_test_case tour__debian_with_ours
	atf_add_test_case tour__debian_with_debian
}
