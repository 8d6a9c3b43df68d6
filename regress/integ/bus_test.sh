# SPDX-License-Identifier: ISC
# Our server and Debian's on buses of their own, side by side: Debian's tools
# see no difference.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/pair.sh"

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 300
		atf_set require.user root
	}"
}

case_of ctl__every_option 'mandos-ctl of Debian does with both what it does'
ctl__every_option_body() {
	pair
	pair_client foo
	pair_client bar.example.org 'enabled = no' \
	    'approval_delay = PT30S' 'approved_by_default = no' \
	    'timeout = P1D' 'extended_timeout = P52W'
	pair_client u 'timeout = PT10S'
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

atf_init_test_cases() {
	atf_add_test_case ctl__every_option
	atf_add_test_case signals__of_a_story
}
