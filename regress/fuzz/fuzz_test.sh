# SPDX-License-Identifier: ISC
# A short run of every fuzzer, for what its seeds and a few seconds find.

. "$(atf_get_srcdir)/../lib.sh"

atf_test_case harnesses__short_run
harnesses__short_run_head() {
	atf_set descr 'no harness crashes, leaks or hangs in a few seconds'
}
harnesses__short_run_body() {
	need clang
	echo 'int LLVMFuzzerTestOneInput(void); int
LLVMFuzzerTestOneInput(void) { return 0; }' >probe.c
	clang -fsanitize=fuzzer probe.c -o probe ||
	    atf_skip 'clang has no libFuzzer'
	# The options for programs under our filters are not meant for these.
	unset ASAN_OPTIONS UBSAN_OPTIONS
	atf_check -s exit:0 -o save:out -e save:err \
	    env FUZZ_DIR="$PWD/fuzz" "$top_srcdir/regress/fuzz/run" 5
	harnesses=$(grep -vc '^#' "$top_srcdir/regress/fuzz/harnesses")
	atf_check_equal "$harnesses" "$(grep -c ': no fault in' out)"
}

atf_init_test_cases() {
	atf_add_test_case harnesses__short_run
}
