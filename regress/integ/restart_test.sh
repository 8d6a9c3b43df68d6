# SPDX-License-Identifier: ISC
# What is left of a client's life when the server is started again.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/control.sh"

# secret_of NAME SECRET [LINE...]: a section with a secret of its own.
secret_of() {
	printf %s "$2" | "$fetcher" -S "$1" -k "$1.key" -u "$1.pub" \
	    >>etc/clients.conf || atf_fail "no section for $1"
	shift 2
	for line; do
		echo "$line" >>etc/clients.conf
	done
}

# names: "[DEFAULT]" and no client.
empty() {
	printf '%s\n' '[DEFAULT]' 'interval = P7D' 'checker = :' \
	    >etc/clients.conf
}

# starts_afresh NAME BEGIN: hold that the window of an enabled client is what
# any start gives it: a random delay of an interval at most, and an interval.
starts_afresh() {
	expires=$(value "$1" expires)
	interval=$(value "$1" interval)
	between $(($2 + interval * 1000)) "$expires" \
	    $(($(now_us) + interval * 2000)) "expires of $1"
}

# fails STATUS REGEX [OPTION...]: hold that a server does not start.
fails() {
	fails_status=$1
	fails_regex=$2
	shift 2
	atf_check -s exit:"$fails_status" -o empty -e match:"$fails_regex" \
	    env MANDOS_CONTROL="$PWD/other" timeout 20 ./at_server \
	    "$bin/mandos" --foreground --no-zeroconf --port 4713 \
	    --configdir "$PWD/etc" --statedir "$PWD/state" "$@"
}

# --- clients.conf before and after, and what was done in between

# merge END: the whole of it, the server being ended by this command.
merge() {
	home
	client same
	client changed
	client spelled 'timeout = PT300S'
	client deleted 'timeout = PT9M'
	client kept
	client discarded
	client disabled
	client yes_no
	client no_yes 'enabled = no'
	client no_yes_on 'enabled = no'
	client dropped
	client removed
	client removed_both
	client rekeyed
	lives
	admin set same host rt timeout 77000 approval_delay 5 \
	    checker 'exit 3' approved_by_default no secret 'run time' \
	    extended_timeout 78000 interval 600000 approval_duration 79000
	admin set changed host rt timeout 77000
	admin set spelled timeout 77000
	admin set deleted timeout 77000
	admin set kept secret 'run time'
	admin set discarded secret 'run time'
	gets 'run time' kept
	admin disable disabled
	admin enable no_yes_on
	value no_yes_on last_enabled >no_yes_on.enabled
	admin remove removed
	admin remove removed_both
	admin set rekeyed host rt
	gets '' same
	admin start-checker same
	becomes 5 same last_checker_status 3
	admin checked-ok changed
	for field in created last_enabled last_checked_ok \
	    last_approval_request; do
		value same $field >same.$field
		value changed $field >changed.$field
		value disabled $field >disabled.$field
	done
	# The last thing done may be the most interesting.
	$1 server

	empty
	section good
	section same
	section changed 'timeout = PT9M'
	section spelled 'timeout = PT5M'
	section deleted
	section kept
	secret_of discarded 'new one'
	section disabled
	section yes_no 'enabled = no'
	section no_yes
	section no_yes_on
	section removed 'timeout = PT9M'
	key rekeyed
	section rekeyed
	client added
	begin=$(now_us)
	lives

	# In both, and not changed: as it was, whatever clients.conf says.
	holds same host rt timeout 77000 approval_delay 5 checker 'exit 3' \
	    approved_by_default no extended_timeout 78000 interval 600000 \
	    approval_duration 79000 enabled yes last_checker_status 3
	for field in created last_enabled last_approval_request; do
		holds same $field "$(cat same.$field)"
	done
	holds same last_checked_ok 0
	starts_afresh same "$begin"
	gets '' same
	tells '^event same rejected timed-out'
	# A setting that was changed in clients.conf counts, and no other.
	holds changed host rt timeout 540000 last_checker_status 0 \
	    last_checked_ok "$(cat changed.last_checked_ok)"
	gets changed changed
	holds spelled timeout 77000
	holds deleted timeout 300000
	# Secrets.
	gets 'run time' kept
	gets 'new one' discarded
	# Enabled or not.
	holds disabled enabled no expires 0 last_enabled 0 \
	    created "$(cat disabled.created)"
	gets '' disabled
	holds yes_no enabled no expires 0 last_enabled 0
	gets '' yes_no
	holds no_yes enabled yes
	between "$begin" "$(value no_yes last_enabled)" "$(now_us)" \
	    'last_enabled of no_yes'
	gets no_yes no_yes
	holds no_yes_on enabled yes last_enabled "$(cat no_yes_on.enabled)"
	gets no_yes_on no_yes_on
	# New ones, and those that are gone.
	holds added enabled yes last_checker_status -2 last_checked_ok 0 \
	    last_enabled "$(value added created)"
	starts_afresh added "$begin"
	gets added added
	for name in dropped removed removed_both; do
		gets '' $name
		atf_check -s exit:1 -o empty -e not-empty \
		    "$helpers/admin" show $name
	done
	# The new key is in the place of the old one.
	holds rekeyed host rt
	gets rekeyed rekeyed
	$1 server

	# Removed for as long as clients.conf has it.
	lives
	gets '' removed
	$1 server
	empty
	section good
	lives
	gets '' removed
	gets '' added
	$1 server
	section removed
	lives
	gets removed removed
	holds removed timeout 300000
	server_stop server
}

case_of merge__after_an_end 'clients.conf and what was done at run time'
merge__after_an_end_body() {
	merge server_stop
}

case_of merge__after_a_kill 'the same if the server was killed'
merge__after_a_kill_body() {
	merge dies
}

case_of checks__are_saved 'times of checks are saved when it ends'
checks__are_saved_body() {
	home
	client foo 'interval = PT1M'
	lives
	ticks 1
	admin start-checker foo
	tells '^event foo checker-completed 0'
	gets foo foo
	value foo last_checked_ok >ok
	value foo expires >expires
	server_stop server
	lives
	holds foo last_checked_ok "$(cat ok)" last_checker_status 0
	# And so is the extended timeout that it had.
	expires=$(cat expires)
	between $((expires - 2000000)) "$(value foo expires)" \
	    $((expires + 2000000)) 'expires of foo'
	server_stop server
}

# --- while the server was down

case_of downtime__original 'who was well is believed, others are disabled'
downtime__original_body() {
	home 'timeout = PT3S'
	client well
	client ill 'checker = exit 5'
	client crashed 'checker = kill -9 $$'
	client never 'interval = PT1S' 'checker = sleep 100'
	client later 'checker = exit 5' 'timeout = PT1H'
	lives
	for name in well ill crashed later; do
		admin checked-ok $name
	done
	for name in ill crashed later; do
		admin start-checker $name
	done
	becomes 2 ill last_checker_status 5
	becomes 2 later last_checker_status 5
	becomes 2 crashed last_checker_status -1
	for name in well ill crashed never later; do
		holds $name enabled yes
		value $name expires >$name.expires
	done
	server_stop server
	for name in well ill crashed never; do
		wait_for 10 later_than "$(cat $name.expires)"
	done
	begin=$(now_us)
	lives
	holds well enabled yes
	starts_afresh well "$begin"
	gets well well
	for name in ill crashed never; do
		holds $name enabled no expires 0 last_enabled 0
		gets '' $name
	done
	failed='Client last checker failed with error code'
	logs "^<4>.*disabling client ill - $failed 5\$"
	logs "^<4>.*disabling client crashed - $failed -1\$"
	logs '^<4>.*disabling client never - Client never performed a succ'
	# Its time was not over.
	holds later enabled yes last_checker_status 5
	gets later later
	dies
	# And it stays so.
	lives
	gets '' ill
	gets '' never
	gets well well
	server_stop server
}

later_than() {
	[ "$(now_us)" -gt "$1" ]
}

case_of downtime__strict 'the time that passed has passed'
downtime__strict_body() {
	home 'timeout = PT3S'
	echo 'restart_policy = strict' >>etc/mandos.conf
	client well
	client later 'timeout = PT1H'
	lives
	admin checked-ok well
	admin checked-ok later
	value well expires >expires
	server_stop server
	wait_for 10 later_than "$(cat expires)"
	lives
	holds well enabled no expires 0
	gets '' well
	logs '^<4>.*well'
	holds later enabled yes
	gets later later
	admin enable well
	gets well well
	server_stop server
}

# --- options

case_of no_restore__keeps 'a start afresh, and the old ledger is kept'
no_restore__keeps_body() {
	home
	client foo
	client bar
	lives
	admin disable foo
	admin set bar timeout 77000
	server_stop server
	cp state/clients.ledger before
	lives --no-restore
	holds foo enabled yes
	holds bar timeout 300000
	gets foo foo
	admin disable bar
	server_stop server
	atf_check -s exit:0 -o empty -e empty cmp before \
	    state/clients.ledger.previous
	# What was done without it is saved.
	lives
	holds foo enabled yes
	holds bar enabled no timeout 300000
	server_stop server
}

case_of no_restore__damaged 'a damaged ledger is kept, however often'
no_restore__damaged_body() {
	home
	client foo
	lives
	server_stop server
	sed 's/^enabled yes/enabled yEs/' state/clients.ledger >damaged
	cat damaged >state/clients.ledger
	for start in 1 2 3; do
		lives --no-restore
		gets foo foo
		server_stop server
	done
	atf_check -s exit:0 -o empty -e empty \
	    cmp damaged state/clients.ledger.damaged-*
}

case_of no_ledger__begins 'without a ledger it begins one'
no_ledger__begins_body() {
	home
	client foo
	lives
	gets foo foo
	admin disable foo
	atf_check -s exit:0 -o inline:'600 0 0\n' -e empty \
	    stat -c '%a %u %g' state/clients.ledger
	dies
	rm state/clients.ledger
	lives
	gets foo foo
	server_stop server
}

case_of damaged__refused 'a damaged ledger is never overwritten'
damaged__refused_body() {
	home
	client foo
	client bar
	lives
	admin disable foo
	server_stop server
	size=$(stat -c %s state/clients.ledger)
	# Any bit of it.
	cp state/clients.ledger good
	for at in 0 $((size / 2)) $((size - 2)); do
		cp good state/clients.ledger
		byte=$(od -An -tu1 -j "$at" -N 1 good | tr -d ' ')
		# shellcheck disable=SC2059	# octal is in the format
		printf "\\$(printf %o $((byte ^ 1)))" |
		    dd of=state/clients.ledger bs=1 seek="$at" conv=notrunc \
		    status=none
		cp state/clients.ledger damaged
		fails 65 '^<[0-3]>mandos.*clients\.ledger'
		atf_check -s exit:0 -o empty -e empty \
		    cmp damaged state/clients.ledger
	done
	# Unless it is asked for: then nobody is served before he is enabled.
	lives --start-disabled
	for name in foo bar good; do
		holds $name enabled no expires 0
		gets '' $name
	done
	atf_check -s exit:0 -o match:. -e empty sh -c \
	    'cmp damaged state/clients.ledger.damaged-* && echo the same'
	admin enable bar
	gets bar bar
	server_stop server
	# Without damage it means nothing.
	lives --start-disabled
	gets bar bar
	gets '' foo
	server_stop server
}

case_of second__refused 'two servers cannot have one state directory'
second__refused_body() {
	home
	client foo
	lives
	fails 75 '^<[0-3]>mandos.*state'
	gets foo foo
	admin disable foo
	server_stop server
	# The lock goes with its server, however that ends.
	lives
	dies
	lives
	gets '' foo
	server_stop server
}

atf_init_test_cases() {
	atf_add_test_case merge__after_an_end
	atf_add_test_case merge__after_a_kill
	atf_add_test_case checks__are_saved
	atf_add_test_case downtime__original
	atf_add_test_case downtime__strict
	atf_add_test_case no_restore__keeps
	atf_add_test_case no_restore__damaged
	atf_add_test_case no_ledger__begins
	atf_add_test_case damaged__refused
	atf_add_test_case second__refused
}
