# SPDX-License-Identifier: ISC
# Debian's mandos and ours, side by side: the same configuration, the same
# results of checks, the same orders; and the same outcome.  Where ours is to
# differ there is a case of its own: difference__*.
#
# The original's window after a start and after being enabled, and when checks
# begin, are random; the cases wait for what both must come to.  A value of a
# time may differ by what it takes to tell one server after the other.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/control.sh"
. "$top_srcdir/regress/integ/debian.sh"

# both: start both, with the same files.
both() {
	bus
	debian_lives
	lives
}

# both_end: end both, and be quick: with its clean end the original takes its
# time, a gpg for every client.
both_end() {
	server_stop server
	debian_dies
}

# order WORD NAME: have both do this.
order() {
	case $1 in
	checked-ok) order_option=--bump-timeout ;;
	*)	order_option=--$1 ;;
	esac
	atf_check -s exit:0 -o ignore -e ignore mandos-ctl "$order_option" "$2"
	admin "$1" "$2"
}

# order_set NAME FIELD VALUE [THEIRS]: the same of a setting; durations of
# Debian's mandos-ctl are like PT5S.
order_set() {
	case $2 in
	secret)	printf %s "$3" >secret
		set -- "$1" "$2" "$3" secret ;;
	esac
	order_option=--$(echo "$2" | tr _ -)
	atf_check -s exit:0 -o ignore -e ignore \
	    mandos-ctl "$order_option" "${4:-$3}" "$1"
	admin set "$1" "$2" "$3"
}

# both_give SECRET NAME: the client asks both and gets this from either.
both_give() {
	gets "$1" "$2"
	gets "$1" "$2" -p "$debian_port"
}

# agree NAME FIELD...: hold that both say the same of this client.
agree() {
	agree_name=$1
	shift
	debian_values || fail_with values.err 'mandos-ctl failed'
	for agree_field; do
		agree_ours=$(value "$agree_name" "$agree_field")
		agree_theirs=$(debian_value "$agree_name" "$agree_field")
		case $agree_field in
		expires | created | last_*ed | last_*ok | last_*request)
			[ $((agree_ours == 0)) -eq $((agree_theirs == 0)) ] &&
			    [ $((agree_ours - agree_theirs)) -lt \
			    $((1500000 * slower)) ] &&
			    [ $((agree_theirs - agree_ours)) -lt \
			    $((1500000 * slower)) ] ;;
		*)	[ "$agree_ours" = "$agree_theirs" ] ;;
		esac || atf_fail "$agree_name $agree_field: $agree_ours, $(
		    )Debian's: $agree_theirs"
	done
}

# both_become SECONDS NAME FIELD VALUE: soon they say this.
both_become() {
	wait_for $(($1 * slower)) is "$2" "$3" "$4"
	wait_for $(($1 * slower)) debian_is "$2" "$3" "$4"
}

debian_is() {
	debian_values && [ "$(debian_value "$1" "$2")" = "$3" ]
}

settings='timeout extended_timeout interval approval_delay approval_duration
    approved_by_default host checker'
status='enabled last_checker_status'

case_of same__checks 'checks that succeed and fail, and what follows'
same__checks_body() {
	home
	echo 0 >status
	client well 'interval = PT1S' 'timeout = PT4S'
	client ill 'interval = PT1S' 'timeout = PT1H' 'checker = exit 7'
	client turning 'interval = PT1S' 'timeout = PT4S' \
	    "checker = exit \$(cat $PWD/status)"
	client returning 'interval = PT1S' 'timeout = PT8S' \
	    "checker = exit \$(cat $PWD/status)"
	client off 'enabled = no'
	client idle
	both
	# shellcheck disable=SC2086	# several fields
	for name in well ill turning returning off idle; do
		agree $name $settings created last_enabled
	done
	both_give '' off
	both_become 5 ill enabled no
	both_give '' ill
	agree ill $status expires checker_running
	for name in well turning returning; do
		both_become 5 $name last_checker_status 0
		both_give $name $name
	done
	# Who was told the secret gets extended_timeout until the next check.
	echo 1 >status
	order checked-ok turning
	both_become 10 turning enabled no
	echo 0 >status
	both_become 5 returning last_checker_status 0
	for name in well turning returning off idle; do
		# shellcheck disable=SC2086	# several fields
		agree $name $status
	done
	both_give '' turning
	both_give well well
	both_give returning returning
	both_end
}

case_of same__orders 'what an administrator orders'
same__orders_body() {
	home
	client foo 'timeout = PT10M' 'extended_timeout = PT30M' \
	    'interval = PT1H'
	client off 'enabled = no' 'interval = PT1H'
	client gone
	both
	both_give foo foo
	agree foo expires enabled last_checked_ok last_checker_status
	order checked-ok foo
	agree foo expires last_checked_ok last_checker_status
	order_set foo timeout 900000 PT15M
	agree foo expires timeout
	order start-checker foo
	both_become 5 foo last_checker_status 0
	agree foo expires last_checked_ok
	order_set foo checker 'exit 5'
	order start-checker foo
	both_become 5 foo last_checker_status 5
	agree foo expires last_checked_ok enabled
	order_set foo host 'some "host"'
	order_set foo extended_timeout 60000 PT1M
	order_set foo approval_duration 60000 PT1M
	# shellcheck disable=SC2086	# several fields
	agree foo $settings
	order_set foo secret 'another one'
	both_give 'another one' foo
	agree foo expires
	order disable foo
	agree foo enabled expires last_enabled
	both_give '' foo
	order checked-ok foo
	agree foo enabled expires last_checked_ok last_checker_status
	order enable foo
	agree foo enabled expires last_enabled
	order enable off
	agree off enabled expires last_enabled last_checker_status
	both_give off off
	order remove gone
	both_give '' gone
	both_end
}

# both_wait NAME: the client asks both, and both want approval.
both_wait() {
	waits ours "$1"
	both_asked=$(debian_value "$1" last_approval_request)
	asks_apart theirs "$1" -p "$debian_port"
	wait_for 10 debian_was_asked "$1"
}

debian_was_asked() {
	debian_values && [ "$(debian_value "$1" last_approval_request)" != \
	    "$both_asked" ]
}

# both_answer SECRET: this is what they get.
both_answer() {
	answered ours "$1"
	answered theirs "$1"
}

case_of same__approval 'who has to be approved, and what he gets'
same__approval_body() {
	home 'approval_duration = PT30S'
	client early 'approval_delay = PT20S' 'approved_by_default = no'
	client refused 'approval_delay = PT20S' 'approved_by_default = yes'
	client yes 'approval_delay = PT1S' 'approved_by_default = yes'
	client no 'approval_delay = PT1S' 'approved_by_default = no'
	client late 'approval_delay = PT20S' 'approved_by_default = no' \
	    'approval_duration = PT1S'
	client late_no 'approval_delay = PT20S' 'approval_duration = PT1S'
	client off 'approval_delay = PT20S' 'enabled = no'
	client plain
	both
	order approve early
	both_give early early
	agree early last_approval_request expires
	order checked-ok refused
	order deny refused
	both_give '' refused
	agree refused expires
	both_give yes yes
	agree yes last_approval_request expires
	both_give '' no
	agree no last_approval_request
	both_wait late
	order approve late
	both_answer late
	agree late last_approval_request expires
	both_wait late_no
	order deny late_no
	both_answer ''
	order approve off
	both_give '' off
	order deny plain
	both_give plain plain
	both_end
}

# first_life: what is to be remembered over a restart.
first_life() {
	debian_lives
	lives
	order disable disabled
	order_set changed host rt
	order_set changed timeout 77000 PT77S
	order_set changed approval_duration 5000 PT5S
	order remove removed
	order_set secret secret 'run time'
	for name in later ill well; do
		order checked-ok $name
		order start-checker $name
	done
	both_become 5 ill last_checker_status 5
	both_become 5 later last_checker_status 5
	agree well expires last_checker_status
	agree ill expires last_checker_status
	value ill expires >expires
	kill -TERM "$(cat debian.pid)"
	server_stop server
	debian_ends
}

case_of same__restart 'after a restart, with another configuration'
same__restart_body() {
	home 'timeout = PT8S'
	client well
	client ill 'checker = exit 5'
	client later 'checker = exit 5' 'timeout = PT1H'
	client disabled
	client changed
	client dropped
	client removed
	client secret
	client yes_no
	bus
	first_life
	# The original loses its state in one end of thirty or so.
	for try in 1 2 3; do
		[ ! -s debian.state/clients.pickle ] || break
		rm -rf state/*
		first_life
	done

	cp etc/clients.conf old.conf
	sed '/^\[good]/,$!d; /^\[well]/,$d' old.conf >etc/clients.conf
	section well
	section ill 'checker = exit 5'
	section later 'checker = exit 5' 'timeout = PT1H'
	section disabled
	section changed 'timeout = PT9M'
	section removed
	section secret
	section yes_no 'enabled = no'
	client added
	wait_for 10 later_than "$(cat expires)"
	debian_lives
	lives
	for name in well ill later disabled changed secret yes_no added; do
		# shellcheck disable=SC2086	# several fields
		agree $name $settings $status created last_enabled \
		    last_checked_ok last_approval_request
	done
	for name in well later changed added; do
		both_give $name $name
	done
	both_give 'run time' secret
	for name in ill disabled dropped removed yes_no; do
		both_give '' $name
	done
	both_end
}

later_than() {
	[ "$(now_us)" -gt "$1" ]
}

case_of difference__disabled_while_waiting 'the original serves it all the same'
difference__disabled_while_waiting_body() {
	home
	client foo 'approval_delay = PT4S' 'approved_by_default = yes'
	client bar 'approval_delay = PT4S' 'approved_by_default = yes'
	both
	both_wait foo
	order disable foo
	answered ours ''
	kill -0 "$(cat theirs.pid)" || atf_fail 'the original does not wait'
	answered theirs foo
	both_wait bar
	order remove bar
	answered ours ''
	answered theirs bar
	both_end
}

case_of difference__killed 'the original forgets what it was told'
difference__killed_body() {
	home
	client foo
	both
	order disable foo
	both_give '' foo
	# A first run without saved state, then one that has read and deleted
	# it: neither is there when it is killed.
	debian_dies
	dies
	debian_lives
	lives
	gets '' foo
	gets foo foo -p "$debian_port"
	both_end
}

case_of difference__approvals 'an earlier approval, or none at all'
difference__approvals_body() {
	home
	client later 'approval_delay = PT2S' 'approved_by_default = no' \
	    'approval_duration = PT3S'
	client zero 'approval_delay = PT3S' 'approved_by_default = no' \
	    'approval_duration = PT0S'
	both
	# The end of the first approval is not that of the second.
	order approve later
	begin=$(since_boot)
	wait_for 5 since "$begin" 1500
	order approve later
	wait_for 5 since "$begin" 3100
	gets later later
	gets '' later -p "$debian_port"
	# An approval without duration is for who waits for one.
	both_wait zero
	order approve zero
	answered ours zero
	answered theirs ''
	both_end
}

# since MILLISECONDS COUNT: are so many over?
since() {
	[ $(($(since_boot) - $1)) -ge "$2" ]
}

case_of difference__peer_gone 'the original counts it as served'
difference__peer_gone_body() {
	home
	client foo 'approval_delay = PT4S' 'approved_by_default = yes' \
	    'extended_timeout = PT1H'
	both
	both_wait foo
	debian_values
	before=$(debian_value foo expires)
	ours=$(value foo expires)
	kill "$(cat ours.pid)" "$(cat theirs.pid)"
	becomes 2 foo approvals_pending 0
	wait_for 10 debian_expires_other_than "$before"
	holds foo expires "$ours"
	never_told 'event foo got-secret'
	both_end
}

debian_expires_other_than() {
	debian_values && [ "$(debian_value foo expires)" != "$1" ]
}

atf_init_test_cases() {
	atf_add_test_case same__checks
	atf_add_test_case same__orders
	atf_add_test_case same__approval
	atf_add_test_case same__restart
	atf_add_test_case difference__disabled_while_waiting
	atf_add_test_case difference__killed
	atf_add_test_case difference__approvals
	atf_add_test_case difference__peer_gone
}
