# SPDX-License-Identifier: ISC
# The filters as the kernel gets them, compared with files that were reviewed:
# whoever changes a table shows what becomes of it.

. "$(atf_get_srcdir)/../lib.sh"

atf_test_case filters__are_as_reviewed
filters__are_as_reviewed_head() {
	atf_set descr 'each filter is as in its .pfc file'
}
filters__are_as_reviewed_body() {
	export=$(atf_get_srcdir)/export
	[ "$(uname -m)" = x86_64 ] ||
	    atf_skip 'the reviewed filters are for x86_64'
	build=$("$export" --build)
	[ "$build" = 'ordinary build, libseccomp 2.5' ] ||
	    atf_skip "the reviewed filters are not of a $build"
	for table in monitor conf warden state netd session checkerd busd \
	    import agent client_net client_decrypt; do
		atf_check -s exit:0 -o save:"$table.pfc" -e empty \
		    "$export" "$table"
		atf_check -s exit:0 -o empty -e empty diff -u \
		    "$top_srcdir/regress/sandbox/$table.pfc" "$table.pfc"
	done
}

atf_init_test_cases() {
	atf_add_test_case filters__are_as_reviewed
}
