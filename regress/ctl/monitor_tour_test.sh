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
	keys j j s
	looks golf-is-checked
	keys S
	looks golf-is-not
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

# restarts SERVER: it is ended, as it should be and by force, and comes back.
restarts() {
	clients
	bus
	lives "$1"
	terminal
	shows "$monitor"
	sees '^india: '
	keys j
	for signal in TERM KILL; do
		case $signal in
		TERM)	ends_well "$1" ;;
		KILL)	dies "$1" ;;
		esac
		sees 'Note: No Mandos server running\.$' ' no server ─$'
		sees_no '^[a-i][a-z1.-]*: '
		lives "$1"
		sees '^a-1.b: ' '^india: ' '^delta: DISABLED'
		sees_no ' no server '
	done
	# The cursor is where it was, and orders arrive.
	keys -
	sees '^bravo: DISABLED'
	keys + C
	sees '^bravo: enabled'
	quits
}

ends_well() {
	case $1 in
	ours)	server_stop server ;;
	debian)	kill -TERM "$(cat debian.pid)"
		debian_ends ;;
	esac
}

case_of restarts__ours 'our server is stopped and started'
restarts__ours_body() {
	restarts ours
}

case_of restarts__debian "Debian's server is stopped and started"
restarts__debian_body() {
	restarts debian
}

# cpu: the time that the monitor has used, in hundredths of a second.
cpu() {
	awk '{ print $14 + $15 }' "/proc/$(monitor_pid)/stat"
}

# costs MOST WHAT: hold that no more was used since it was asked last.
costs() {
	costs_now=$(cpu)
	echo "$2: $((costs_now - costs_last)) hundredths of a second"
	[ $((costs_now - costs_last)) -le $(($1 * slower)) ] ||
	    atf_fail "$2 costs $((costs_now - costs_last)) hundredths"
	costs_last=$costs_now
}

case_of clients__very_many 'ten thousand clients are no burden'
clients__very_many_body() {
	host_new server
	mkdir -m 700 etc
	"$top_builddir/regress/helpers/mkclients" 10000 etc ||
	    atf_fail 'no clients'
	echo '[DEFAULT]' >etc/mandos.conf
	bus
	ours_lives
	terminal
	shows "$monitor"
	sees ' 1-11 of 10000 ─$' '^c00000: A checker has failed!'
	# Many times what it takes.
	costs_last=0
	costs 300 'the beginning'
	for i in 0 1 2 3 4 5 6 7 8 9; do
		keys Space f j j j j Down C-v NPage C-n
	done
	sees ' 49[0-9]-50[0-9] of 10000 ─$'
	costs 100 'a hundred keys'
	keys / 0 9 9 9 7
	sees '^c09997: '
	keys Enter s
	sees '^c09997: enabled'
	keys o
	sees ' by state, [0-9]*-[0-9]* of 10000 ─$' '^c09997: enabled'
	keys o G
	sees ' by expiry, 9990-10000 of 10000 ─$'
	keys Enter
	sees '^Name  *c[0-9]*$' '^If it asked now  *It would get'
	keys Enter o g
	sees ' 1-11 of 10000 ─$' '^c00000: '
	costs 100 'search, order and details'
	dies ours
	sees ' no server ─$'
	ours_lives
	sees ' 1-11 of 10000 ─$' '^c00000: '
	costs 600 'another server'
	quits
}

atf_init_test_cases() {
	atf_add_test_case tour__ours_with_ours
	atf_add_test_case tour__ours_with_debian
	atf_add_test_case tour__debian_with_ours
	atf_add_test_case tour__debian_with_debian
	atf_add_test_case restarts__ours
	atf_add_test_case restarts__debian
	atf_add_test_case clients__very_many
}
