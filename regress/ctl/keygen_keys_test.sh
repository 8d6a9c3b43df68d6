# SPDX-License-Identifier: ISC
# The keys that mandos-keygen makes, and what it leaves alone.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/ctl/keygen.sh"

names='pubkey.txt seckey.txt tls-privkey.pem tls-pubkey.pem'

case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# refused STDERR OPTION...: no keys with this, no trace, and this message.
refused() {
	refused_match=$1
	shift
	atf_check -s exit:1 -o empty -e match:"$refused_match" \
	    "$keygen" --dir k "$@"
	[ -z "$(ls -A k)" ] || atf_fail "there is something in the directory"
	nothing_left
}

# pgp_field FILE RECORD FIELD: of the OpenPGP key in a file.
pgp_field() {
	mkdir -p -m 700 viewer
	gpg --homedir viewer --batch --quiet --with-colons --show-keys "$1" \
	    2>/dev/null | awk -F: -v r="$2" -v f="$3" '$1 == r { print $f }'
}

case_of files__are_private 'four files, complete, for nobody else'
files__are_private_body() {
	need certtool
	mkdir k
	keys k --email me@example.org --comment test
	atf_check -s exit:0 -o inline:"$(printf '600 %s\\n' $names)" \
	    -e empty sh -c 'cd k && stat -c "%a %n" *'
	head -n 2 k/seckey.txt k/pubkey.txt >heads
	for line in 'BEGIN PGP PRIVATE KEY BLOCK' 'BEGIN PGP PUBLIC KEY BLOCK' \
	    '^Comment: Mandos client key for k.example.org (test) <me@'; do
		atf_check -s exit:0 -o not-empty -e empty grep -e "$line" heads
	done
	atf_check -s exit:0 -o inline:'22\n18\n' -e empty \
	    sh -c 'gpg --homedir . --batch --with-colons --show-keys k/pubkey.txt \
	    2>/dev/null | awk -F: "/^(pub|sub)/ { print \$4 }"'
	[ "$(pgp_field k/pubkey.txt uid 10)" = \
	    'k.example.org (test) <me@example.org>' ] || atf_fail 'the user ID'
	[ "$(pgp_field k/pubkey.txt pub 12)" = scaESCA ] ||
	    atf_fail 'uses of the primary key'
	[ "$(pgp_field k/pubkey.txt sub 12)" = e ] ||
	    atf_fail 'uses of the subkey'
	[ -z "$(pgp_field k/pubkey.txt pub 7)" ] || atf_fail 'it expires'
	[ "$(pgp_field k/seckey.txt fpr 10)" = \
	    "$(pgp_field k/pubkey.txt fpr 10)" ] || atf_fail 'two keys'
	certtool --load-privkey k/tls-privkey.pem --pubkey-info --no-text \
	    >public 2>/dev/null
	atf_check -s exit:0 -o empty -e empty diff public k/tls-pubkey.pem
	atf_check -s exit:0 -o inline:'-----BEGIN PRIVATE KEY-----\n' \
	    -e empty head -n 1 k/tls-privkey.pem
	nothing_left
}

case_of types__as_wished 'types and lengths of keys are those asked for'
types__as_wished_body() {
	need certtool
	mkdir k
	for type in ed448 ecdsa ecc; do
		keys k --force --tls-keytype $type
		certtool --pubkey-info --infile k/tls-pubkey.pem >info 2>&1
		case $type in
		ed448)	what='EdDSA (Ed448)' ;;
		*)	what=SECP384R1 ;;
		esac
		grep -q "$what" info || fail_with info "no $what key"
	done
	keys k --force --type RSA --length 2048 --subtype ELG-E \
	    --sublength 1024 --expire 2w
	[ "$(pgp_field k/pubkey.txt pub 4) $(pgp_field k/pubkey.txt pub 3)" = \
	    '1 2048' ] || atf_fail 'no RSA key of 2048 bits'
	[ "$(pgp_field k/pubkey.txt sub 4) $(pgp_field k/pubkey.txt sub 3)" = \
	    '16 1024' ] || atf_fail 'no Elgamal subkey of 1024 bits'
	[ $(($(pgp_field k/pubkey.txt pub 7) - \
	    $(pgp_field k/pubkey.txt pub 6))) -eq 1209600 ] ||
	    atf_fail 'it does not expire in two weeks'
	keys k --force --type EDDSA --subtype ECDH
	[ "$(pgp_field k/pubkey.txt pub 17) $(pgp_field k/pubkey.txt sub 17)" \
	    = 'ed25519 cv25519' ] || atf_fail 'no curves'
	keys k --force --type nistp384 --subtype nistp256
	[ "$(pgp_field k/pubkey.txt pub 17) $(pgp_field k/pubkey.txt sub 17)" \
	    = 'nistp384 nistp256' ] || atf_fail 'no NIST curves'
}

case_of existing__stay 'a key that exists is not replaced'
existing__stay_body() {
	for name in $names; do
		rm -rf k
		mkdir k
		# A link to nowhere has taken the name as well.
		ln -s nowhere "k/$name"
		atf_check -s exit:1 -o empty \
		    -e inline:"mandos-keygen: k/$name exists; keys are $(
		    )replaced only with --force\n" "$keygen" --dir k
		atf_check -s exit:0 -o inline:"$name\n" -e empty ls -A k
	done
	nothing_left
}

case_of existing__kept_by_force 'with --force old keys are kept as backups'
existing__kept_by_force_body() {
	mkdir k
	keys k
	cp -a k old
	chmod 400 k/seckey.txt
	keys k --force
	cp -a k older
	keys k --force
	for name in $names; do
		atf_check -s exit:0 -o empty -e empty \
		    cmp "old/$name" "k/$name.~1~"
		atf_check -s exit:0 -o empty -e empty \
		    cmp "older/$name" "k/$name.~2~"
		cmp -s "older/$name" "k/$name" && atf_fail "$name is the same"
		[ "$(stat -c '%a %h' "k/$name")" = '600 1' ] ||
		    atf_fail "mode or links of $name"
	done
	atf_check -s exit:0 -o inline:'400\n' -e empty \
	    stat -c %a k/seckey.txt.~1~
	atf_check -s exit:0 -o inline:'12\n' -e empty sh -c 'ls -A k | wc -l'
	nothing_left
}

case_of failure__leaves_nothing 'whatever fails, no file is made'
failure__leaves_nothing_body() {
	mkdir k
	atf_check -s exit:2 -o empty -e match:'no OpenPGP key can be made' \
	    "$keygen" --dir k --type BOGUS
	atf_check -s exit:2 -o empty -e match:'no OpenPGP key can be made' \
	    "$keygen" --dir k --type ed25519 --subtype cv25519 --expire bogus
	[ -z "$(ls -A k)" ] || atf_fail 'there is something'
	refused 'bogus: not a type of a TLS key' --tls-keytype bogus
	refused 'x25519: not a type of a TLS key' --tls-keytype x25519
	refused 'length of the key: 511: it is too small' --length 511
	refused 'length of the key: abc: it is invalid' --length abc
	refused 'length of the subkey: 100: it is too small' --sublength 100
	refused 'the type of the key is empty' --type ''
	refused 'the type of the subkey is empty' --subtype ''
	refused 'the name is empty' --name ''
	refused 'the time of expiry is empty' --expire ''
	refused 'the name has a control character' --name "$(printf 'a\nb')"
	refused 'the comment has a control character' \
	    --comment "$(printf 'a\n%%no-protection')"
	refused 'the mail address has a control' --email "$(printf 'a\tb')"
	refused 'the name begins or ends with white space' --name ' x'
	refused 'unknown argument: operand' operand
	refused 'unrecognized option' --bogus
	refused '.--secfile goes with' --secfile x
	refused 'Permission denied|No such file' --dir k/missing
	: >file
	refused 'Not a directory' --dir file
	# Failed keys do not hurt good ones either.
	keys k
	cp -a k good
	atf_check -s exit:2 -o empty -e match:'no OpenPGP key can be made' \
	    "$keygen" --dir k --type BOGUS --force
	atf_check -s exit:0 -o empty -e empty diff -r good k
	nothing_left
}

case_of failure__all_or_none 'if one file cannot take its place, none does'
failure__all_or_none_body() {
	keys k
	cp -a k good
	# A directory cannot be replaced, nor be kept by another name.
	rm k/pubkey.txt
	mkdir k/pubkey.txt
	atf_check -s exit:1 -o empty -e match:'pubkey.txt: cannot be kept' \
	    "$keygen" --dir k --force --type ed25519 --subtype cv25519
	rmdir k/pubkey.txt
	cp -a good/pubkey.txt k/
	atf_check -s exit:0 -o empty -e empty diff -r good k
	nothing_left
}

case_of failure__without_gpg 'a host without GnuPG is told so'
failure__without_gpg_body() {
	mkdir k
	atf_check -s exit:1 -o empty -e match:'GnuPG cannot be used' \
	    env PATH="$PWD" "$keygen" --dir k
	[ -z "$(ls -A k)" ] || atf_fail 'there is something'
	nothing_left
}

# stopped SIGNAL: a run that is ended by this signal ends by it, and leaves
# nothing behind, at whatever moment.
stopped() {
	for moment in 0 1 2 4 8 16 24 32 48 64; do
		mkdir -p k
		# It would take minutes, otherwise.
		"$keygen" --dir k --length 8192 --sublength 8192 2>stopped.err &
		pid=$!
		wait_for 10 stopped_begun
		sleep "$(awk "BEGIN { print $moment / 100 }")"
		kill "-$1" "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq $((128 + $(kill -l "$1"))) ] ||
		    fail_with stopped.err "it ended with $status"
		[ -z "$(ls -A k)" ] || atf_fail "there is something"
		nothing_left
	done
}

stopped_begun() {
	[ -n "$(ls -A tmp)" ]
}

case_of stopped__by_term 'ended by TERM, it leaves nothing behind'
stopped__by_term_body() {
	stopped TERM
}

case_of stopped__by_hup 'ended by HUP, it leaves nothing behind'
stopped__by_hup_body() {
	stopped HUP
}

case_of stopped__worker_killed 'a working process that dies is cleaned up after'
stopped__worker_killed_body() {
	mkdir k
	"$keygen" --dir k --length 8192 --sublength 8192 >out 2>stopped.err &
	pid=$!
	wait_for 10 pgrep -P "$pid"
	wait_for 10 pgrep -f "$PWD/[t]mp"
	pkill -KILL -o -P "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ] || atf_fail "it ended with $status"
	atf_check -s exit:0 -o empty -e empty cat out
	atf_check -s exit:0 -e empty -o inline:'mandos-keygen: the working '\
'process was ended by signal 9\n' cat stopped.err
	[ -z "$(ls -A k)" ] || atf_fail "there is something"
	nothing_left
}

case_of user__any 'it needs no privilege'
user__any_body() {
	[ "$(id -u)" -eq 0 ] || atf_skip 'needs root, to be somebody else'
	need setpriv
	mkdir -m 755 k
	chown 65534:65534 k tmp
	chmod 755 .
	cp "$keygen_program" program
	# Somebody else has no home either.
	set -- env "TMPDIR=$PWD/tmp" setpriv --reuid=65534 --regid=65534 \
	    --clear-groups ./program --dir k
	atf_check -s exit:0 -o empty -e empty "$@" -t ed25519 -s cv25519 -n k
	echo pass >pass
	chmod 644 pass
	atf_check -s exit:0 -o match:'^secret' -e empty "$@" -S -n k -F pass
	nothing_left
	"$@" --force --length 8192 >out 2>stopped.err &
	pid=$!
	wait_for 10 stopped_begun
	wait_for 10 pgrep -f "$PWD/[t]mp"
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ] || fail_with stopped.err "it ended with $status"
	nothing_left
}

case_of place__bare 'it works where there is no /proc'
place__bare_body() {
	[ "$(id -u)" -eq 0 ] || atf_skip 'needs root'
	[ "$sanitizers" = no ] || atf_skip 'sanitizers look into /proc'
	need unshare
	mkdir k
	printf '#! /bin/sh\numount -l /proc\nexec "$@"\n' >bare
	chmod +x bare
	atf_check -s exit:0 -o empty -e empty unshare --mount ./bare \
	    "$keygen" --dir k --name k --type ed25519 --subtype cv25519
	echo pass >pass
	atf_check -s exit:0 -o match:'^secret' -e empty unshare --mount ./bare \
	    "$keygen" --dir k --name k --no-ssh --passfile pass
	# GnuPG's agent ends when it misses its home, not before.
	wait_for 60 bare_is_left
	nothing_left
}

bare_is_left() {
	! pgrep -f "$PWD/[t]mp"
}

case_of place__too_deep 'a directory too deep for sockets is refused'
place__too_deep_body() {
	mkdir k
	deep=$PWD/tmp/$(printf '%0100d' 0)
	mkdir "$deep"
	atf_check -s exit:1 -o empty -e match:'the name is too long for sockets' \
	    env "TMPDIR=$deep" "$keygen_program" --dir k
	[ -z "$(ls -A k)" ] || atf_fail "there is something"
}

case_of secrets__not_in_sight 'no key in arguments, environment or output'
secrets__not_in_sight_body() {
	need strace
	mkdir k
	# What is in an environment or an argument goes through execve(2).
	atf_check -s exit:0 -o empty -e empty strace -f -qq -v -s 65536 \
	    -e trace=execve,write -e write=none -o trace \
	    "$keygen" --dir k --type ed25519 --subtype cv25519
	grep execve trace >execs
	[ "$(wc -l <execs)" -gt 3 ] || atf_fail 'strace has seen nothing'
	for file in k/seckey.txt k/tls-privkey.pem; do
		grep -v -e '^[-=]' -e '^Comment' -e '^$' $file | cut -c 1-32 |
		    head -n 2 >bytes
		atf_check -s exit:1 -o empty -e empty grep -F -f bytes execs
	done
}

case_of core__none 'its memory is in no core file and for no debugger'
core__none_body() {
	[ "$(id -u)" -eq 0 ] || atf_skip 'needs root'
	need setpriv
	mkdir k
	chmod 755 . k
	cp "$keygen_program" ./program
	mkfifo pipe
	setpriv --reuid=65534 --clear-groups ./program --dir k --password \
	    <pipe >out 2>err &
	pid=$!
	exec 3>pipe
	wait_for 10 grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits"
	# Of what can be dumped the user would be the owner.
	wait_for 10 core_unreadable
	kill "$pid"
	exec 3>&-
	wait "$pid" || :
}

core_unreadable() {
	[ "$(stat -c %u "/proc/$pid")" -eq 65534 ] &&
	    [ "$(stat -c %u "/proc/$pid/fd")" -eq 0 ]
}

case_of help__complete 'help has the options that the manual has'
help__complete_body() {
	"$keygen" --help | sed -n '/^  -/{s/^  //;s/  .*//;s/ [a-z].*//;p;}' |
	    sed 's/, /\n/' | sort >from_help
	sed -n 's/^\.It Fl /-/p' "$top_srcdir/man/mandos-keygen.8" |
	    sed -e 's/ Ar .*//' -e 's/ , /\n-/' | sort >from_manual
	[ "$(grep -c -e -- from_help)" -gt 20 ] || atf_fail 'too few options'
	atf_check -s exit:0 -o empty -e empty diff from_help from_manual
	atf_check -s exit:0 -o match:'^usage: mandos-keygen' -e empty \
	    "$keygen" --help
	atf_check -s exit:0 -o match:'^mandos-keygen [0-9]' -e empty \
	    "$keygen" -v
	atf_check -s exit:1 -o empty -e match:'^mandos-keygen: stdout: ' \
	    sh -c "\"\$1\" --help >/dev/full" sh "$keygen"
}

atf_init_test_cases() {
	atf_add_test_case files__are_private
	atf_add_test_case types__as_wished
	atf_add_test_case existing__stay
	atf_add_test_case existing__kept_by_force
	atf_add_test_case failure__leaves_nothing
	atf_add_test_case failure__all_or_none
	atf_add_test_case failure__without_gpg
	atf_add_test_case stopped__by_term
	atf_add_test_case stopped__by_hup
	atf_add_test_case stopped__worker_killed
	atf_add_test_case user__any
	atf_add_test_case place__bare
	atf_add_test_case place__too_deep
	atf_add_test_case secrets__not_in_sight
	atf_add_test_case core__none
	atf_add_test_case help__complete
}
