# SPDX-License-Identifier: ISC
# The configuration reader against the original's vectors, and against Python
# with files, command lines and values that are generated.

. "$(atf_get_srcdir)/../lib.sh"

# Python as the machine has it, not what a user's PATH brings.
python=/usr/bin/python3

# check WHAT: one of the checks of check.py.
check() {
	need "$python"
	PYTHONDONTWRITEBYTECODE=1 "$python" -X utf8 \
	    "$top_srcdir/regress/conf/check.py" \
	    "$(atf_get_srcdir)/confdump" "$1" >out 2>err
	check_status=$?
	[ "$check_status" -ne 77 ] || atf_skip "$(cat out)"
	atf_check -s exit:0 -o empty -e empty cat out err
	atf_check_equal 0 "$check_status"
}

# case_of NAME WHAT DESCRIPTION: a test case that is one of those checks.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$3\"; }"
	eval "$1_body() { check $2; }"
}

case_of unicode__every_character unicode \
    'white space, digits and lower case are those of Python'
case_of durations__vectors durations \
    'durations are those of the original'
case_of durations__generated durations-random \
    'durations are those of Python, and print as what they are'
case_of base64__vectors base64 \
    'secrets are decoded like those of the original'
case_of base64__generated base64-random \
    'secrets are decoded as Python does it'
case_of clients__vectors clients \
    'clients.conf means what it means to the original'
case_of clients__generated clients-random \
    'clients.conf means what Python makes of it'
case_of ini__generated ini-random \
    'sections, keys and references are those of configparser'
case_of mandos__vectors mandos \
    'mandos.conf means what it means to the original'
case_of mandos__generated mandos-random \
    'mandos.conf and options are as in Python, and print as what they are'

atf_init_test_cases() {
	atf_add_test_case unicode__every_character
	atf_add_test_case durations__vectors
	atf_add_test_case durations__generated
	atf_add_test_case base64__vectors
	atf_add_test_case base64__generated
	atf_add_test_case clients__vectors
	atf_add_test_case clients__generated
	atf_add_test_case ini__generated
	atf_add_test_case mandos__vectors
	atf_add_test_case mandos__generated
}
