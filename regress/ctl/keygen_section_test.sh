# SPDX-License-Identifier: ISC
# Sections for clients.conf by mandos-keygen, as text and as what both servers
# take: a client that has these keys gets its password from either.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/debian.sh"
. "$top_srcdir/regress/ctl/keygen.sh"

password='  pass \word  % with blanks '

case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# scanner LINE...: a program ssh-keyscan that prints this for one type.
scanner() {
	mkdir -p path
	{
		echo '#! /bin/sh'
		echo 'echo "$*" >>scans'
		printf '[ "$2" = "%s" ] || exit 1\n' "$1"
		shift
		printf "echo '%s'\n" "$@"
	} >path/ssh-keyscan
	chmod +x path/ssh-keyscan
}

# makes [OPTION...]: a section, in "section", by a run without complaint.
makes() {
	atf_check -s exit:0 -o save:section -e empty env "PATH=$PWD/path:$PATH" \
	    "$keygen" --dir k --name k.example.org "$@"
}

case_of section__text 'a section has these lines in this order'
section__text_body() {
	need certtool
	keys k
	printf %s "$password" >pass
	scanner none
	makes --passfile pass
	fingerprint=$(gpg --homedir . --batch --with-colons --show-keys \
	    k/pubkey.txt 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }')
	atf_check -s exit:0 -e empty -o inline:"[k.example.org]
host = k.example.org
key_id = $(key_id k)
fingerprint = $fingerprint
secret =
" head -n 5 section
	# Four blanks, at most 64 columns, nothing else.
	atf_check -s exit:1 -o empty -e empty \
	    sh -c "sed 1,5d section | grep -vE '^ {4}[A-Za-z0-9+/=]{1,64}\$'"
	atf_check -s exit:0 -o inline:"$(section_secret section |
	    base64 -w 64 | sed 's/^/    /')\n" -e empty sed 1,5d section
	section_secret section >secret
	[ "$(open_secret k secret; echo .)" = "$password." ] ||
	    atf_fail 'that is not the password'
	# Each type of host key is tried.
	atf_check -s exit:0 -e empty -o inline:'-t ecdsa-sha2-nistp256 localhost
-t ed25519 localhost
-t rsa localhost
' cat scans
	nothing_left
}

case_of section__original "the original's keys give the original's section"
section__original_body() {
	vectors=$top_srcdir/regress/ctl/vectors/keygen
	printf 'vector secret' >pass
	atf_check -s exit:0 -o save:section -e empty "$keygen" \
	    --dir "$vectors" --name vector.example.org --no-ssh --passfile pass
	for section in section "$vectors/clients.conf"; do
		atf_check -s exit:0 -o inline:"$(sed '/^secret/q' \
		    "$vectors/clients.conf")\n" -e empty \
		    sed '/^secret/q' "$section"
		section_secret "$section" >secret
		[ "$(open_secret "$vectors" secret)" = 'vector secret' ] ||
		    atf_fail "$section has another password"
	done
	# Bytes of secrets differ, their packets do not.
	for section in section "$vectors/clients.conf"; do
		section_secret "$section" >secret
		gpg --homedir opener --batch --list-packets secret \
		    2>/dev/null | sed -n -e '/digest/d' -e '/hashed/d' \
		    -e 's/^\(:[^,]*\).*/\1/p' -e 's/created.*//' \
		    -e '/^\t/s/data: .*//p' >"packets.${section##*/}"
	done
	gpgconf --homedir opener --kill all
	[ "$(wc -l <packets.section)" -gt 5 ] ||
	    fail_with packets.section 'there are no packets'
	atf_check -s exit:0 -o empty -e empty \
	    diff packets.section packets.clients.conf
	nothing_left
}

case_of section__checker 'an SSH host key becomes the checker'
section__checker_body() {
	keys k
	printf %s "$password" >pass
	scanner ed25519 '# localhost:22 SSH-2.0-Test' \
	    'localhost ssh-ed25519 AAAAC3+/w=='
	makes --passfile pass
	cat >expected <<-'END'
		checker = ssh-keyscan -t ed25519 %%(host)s 2>/dev/null | grep --fixed-strings --line-regexp --quiet --regexp=%%(host)s" %(ssh_fingerprint)s"
		ssh_fingerprint = ssh-ed25519 AAAAC3+/w==
	END
	atf_check -s exit:0 -o file:expected -e empty tail -n 2 section
	rm scans
	makes --passfile pass --no-ssh
	atf_check -s exit:1 -o empty -e empty grep -e ssh section
	atf_check -s exit:1 -o empty -e empty test -e scans
	# What would be a command in the checker is none.
	scanner ed25519 'localhost ssh-ed25519 AAAA"; touch x; "'
	makes --passfile pass
	atf_check -s exit:1 -o empty -e empty grep -e ssh section
	nothing_left
}

case_of password__typed 'a password is what is typed, white space and all'
password__typed_body() {
	need python3
	keys k
	printf '%s\n%s\n' "$password" "$password" >typed
	atf_check -s exit:0 -o save:section -e empty sh -c \
	    '"$1" --dir k --name k --password --no-ssh <typed' sh "$keygen"
	section_secret section >secret
	[ "$(open_secret k secret; echo .)" = "$password." ] ||
	    atf_fail 'that is not the password'
	printf 'one\ntwo\n' >typed
	atf_check -s exit:1 -o empty \
	    -e inline:'mandos-keygen: Passphrase mismatch\n' sh -c \
	    '"$1" --dir k --name k --password --no-ssh <typed' sh "$keygen"
	printf 'one\n' >typed
	atf_check -s exit:1 -o empty -e match:'stdin ends where a password' \
	    sh -c '"$1" --dir k --name k --password <typed' sh "$keygen"
	# At a terminal it asks again, and what is typed is not seen.
	cat >terminal.py <<-'END'
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
		seen = b""
		for prompt, answer in ((b"Enter", b"hunter1"),
		    (b"Repeat", b"other"), (b"Enter", b" hunter2 "),
		    (b"Repeat", b" hunter2 ")):
		    while prompt not in seen:
		        seen += os.read(fd, 1000)
		    seen = seen.split(prompt)[1]
		    assert b"hunter" not in seen
		    os.write(fd, answer + b"\n")
		try:
		    while True:
		        more = os.read(fd, 1000)
		        if not more:
		            break
		        seen += more
		except OSError:
		    pass
		assert b"hunter" not in seen
		sys.stdout.write(seen.decode().replace("\r", ""))
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	atf_check -s exit:0 -o save:section -e empty python3 terminal.py \
	    "$keygen" --dir k --name k --password --no-ssh
	section_secret section >secret
	[ "$(open_secret k secret; echo .)" = ' hunter2 .' ] ||
	    atf_fail 'that is not the password'
	nothing_left
}

# refused STDERR OPTION...: no section, this message, no trace.
refused() {
	refused_match=$1
	shift
	atf_check -s exit:1 -o empty -e match:"$refused_match" \
	    "$keygen" --dir k --name k --no-ssh "$@"
	nothing_left
}

case_of failure__no_section 'whatever is missing, there is no section'
failure__no_section_body() {
	keys k
	echo pw >pass
	refused 'missing: No such file' --passfile missing
	refused 'k: Is a directory' --passfile k
	head -c 65537 /dev/zero >large
	refused 'large: more than 65536 bytes' --passfile large
	refused 'the name k\]x has a "\]"' --passfile pass --name 'k]x'
	refused 'DEFAULT is no name' --passfile pass --name DEFAULT
	refused 'No such file' --passfile pass --dir nowhere
	cp -a k other
	keys other --force
	for file in seckey.txt pubkey.txt; do
		mv k/$file saved
		refused "k/$file: No such file" --passfile pass
		cp other/$file k/
		refused 'do not belong together' --passfile pass
		echo none >k/$file
		refused "k/$file: " --passfile pass
		mv saved k/$file
	done
	echo none >k/tls-pubkey.pem
	refused 'k/tls-pubkey.pem is no public key' --passfile pass
	rm k/tls-pubkey.pem
	atf_check -s exit:0 -o not-match:key_id -o match:'^fingerprint = ' \
	    -e match:'warning: there is no k/tls-pubkey.pem' \
	    "$keygen" --dir k --name k --no-ssh --passfile pass
	cp k/pubkey.txt k/seckey.txt
	refused 'has no secret part' --passfile pass
}

case_of failure__stdout_full 'a section that cannot be written is a failure'
failure__stdout_full_body() {
	keys k
	echo pw >pass
	atf_check -s exit:1 -o empty -e match:'stdout: No space left' sh -c \
	    '"$1" --dir k --name k -S -F pass >/dev/full' sh "$keygen"
	atf_check -s exit:1 -o empty -e match:'stdout: Bad file' sh -c \
	    '"$1" --dir k --name k -S -F pass >&-' sh "$keygen"
	nothing_left
}

case_of empty__warned 'an empty password is possible, and warned of'
empty__warned_body() {
	keys k
	atf_check -s exit:0 -o save:section \
	    -e inline:'mandos-keygen: warning: the password is empty\n' \
	    "$keygen" --dir k --name k --no-ssh --passfile /dev/null
	section_secret section >secret
	[ "$(open_secret k secret; echo .)" = . ] || atf_fail 'it is not empty'
}

case_of secfile__written 'the secret can have a file of its own'
secfile__written_body() {
	keys k
	printf %s "$password" >pass
	mkdir out
	makes --passfile pass --no-ssh --secfile out/k.pgp
	atf_check -s exit:0 -o inline:"secfile = $PWD/out/k.pgp\n" -e empty \
	    sed 1,4d section
	atf_check -s exit:0 -o inline:'600 1\n' -e empty stat -c '%a %h' \
	    out/k.pgp
	[ "$(open_secret k out/k.pgp; echo .)" = "$password." ] ||
	    atf_fail 'that is not the password'
	cp out/k.pgp first
	refused "out/k.pgp exists; it is replaced only with --force" \
	    --passfile pass --secfile out/k.pgp
	refused 'a server cannot read a file of that name' \
	    --passfile pass --secfile 'out/$HOME'
	refused 'not the name of a file' --passfile pass --secfile out/
	refused 'nowhere/: No such file' --passfile pass --secfile nowhere/x
	atf_check -s exit:0 -o empty -e empty cmp first out/k.pgp
	makes --passfile pass --no-ssh --secfile out/k.pgp --force
	atf_check -s exit:0 -o empty -e empty cmp first out/k.pgp.~1~
	makes --passfile pass --no-ssh --secfile "$PWD/out/50%.pgp"
	atf_check -s exit:0 -o inline:"secfile = $PWD/out/50%%.pgp\n" \
	    -e empty tail -n 1 section
	nothing_left
}

case_of secrets__not_in_sight 'no password in arguments or environment'
secrets__not_in_sight_body() {
	need strace
	keys k
	printf 'the-password' >pass
	atf_check -s exit:0 -o ignore -e empty strace -f -qq -v -s 65536 \
	    -e trace=execve,openat,memfd_create -o trace \
	    "$keygen" --dir k --name k -S -F pass
	grep execve trace >execs
	[ "$(wc -l <execs)" -gt 3 ] || atf_fail 'strace has seen nothing'
	atf_check -s exit:1 -o empty -e empty grep -F the-password execs
	# Nor in any file: the only one it has read it from is the given one.
	atf_check -s exit:0 -o match:'"pass"' -e empty grep -F '"pass"' trace
}

case_of servers__both 'both servers take a section, a client its password'
servers__both_head() {
	atf_set descr 'both servers take a section, a client its password'
	atf_set require.user root
}
servers__both_body() {
	host_new server
	chmod 755 .
	mkdir -m 700 etc
	echo '[DEFAULT]' >etc/mandos.conf
	printf '[DEFAULT]\nchecker = :\n' >etc/clients.conf
	printf %s "$password" >pass
	scanner ed25519 'localhost ssh-ed25519 AAAAC3+/w=='
	for name in plain file; do
		keys $name
		set --
		[ $name = plain ] || set -- --secfile "$PWD/secret.pgp"
		makes --dir $name --name $name.example.org --passfile pass "$@"
		cat section >>etc/clients.conf
	done
	# The original reads it as the user it becomes.
	chown _mandos secret.pgp
	bus
	debian_lives
	server_start server "$PWD/etc"
	for name in plain file; do
		for one in "$port" "$debian_port"; do
			got=$(port=$one
			    fetch server $name ::1 2>fetch.err
			    echo .)
			[ "$got" = "$password." ] ||
			    fail_with fetch.err "$name got $got from $one"
		done
	done
	server_stop server
	debian_dies
	nothing_left
}

atf_init_test_cases() {
	atf_add_test_case section__text
	atf_add_test_case section__original
	atf_add_test_case section__checker
	atf_add_test_case password__typed
	atf_add_test_case failure__no_section
	atf_add_test_case failure__stdout_full
	atf_add_test_case empty__warned
	atf_add_test_case secfile__written
	atf_add_test_case secrets__not_in_sight
	atf_add_test_case servers__both
}
