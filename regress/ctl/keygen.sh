# SPDX-License-Identifier: ISC
# What the tests of mandos-keygen share.  Sourced after lib.sh.  Temporary
# files of the program are below ./tmp, so that what is left can be seen.
# shellcheck shell=sh disable=SC2034,SC2154

keygen_program=$top_builddir/ctl/mandos-keygen
keygen=$PWD/keygen
mkdir -m 700 tmp
printf '#! /bin/sh\nTMPDIR=%s/tmp exec %s "$@"\n' "$PWD" "$keygen_program" \
    >"$keygen"
chmod +x "$keygen"

# keys DIR [OPTION...]: a client's keys by mandos-keygen, of types that are
# quickly made.
keys() {
	need gpg gpg-agent
	keys_dir=$1
	shift
	mkdir -p "$keys_dir"
	atf_check -s exit:0 -o empty -e empty "$keygen" --dir "$keys_dir" \
	    --type ed25519 --subtype cv25519 --name "$keys_dir.example.org" "$@"
}

# nothing_left: no temporary file, no key ring, no agent and no client is there
# that a run of mandos-keygen could have left behind.
nothing_left() {
	atf_check -s exit:0 -o empty -e empty find tmp -mindepth 1
	atf_check -s exit:0 -o empty -e empty \
	    find . -name '.mandos-keygen*'
	atf_check -s exit:1 -o empty -e empty pgrep -f "$PWD/[t]mp"
}

# open_secret DIR FILE: what only the client can open.
open_secret() {
	rm -rf opener
	mkdir -m 700 opener
	gpg --homedir opener --batch --quiet --no-tty \
	    --import "$1/seckey.txt" 2>opener.log ||
	    fail_with opener.log 'gpg does not take the secret key'
	gpg --homedir opener --batch --quiet --no-tty --decrypt "$2" \
	    2>opener.log || fail_with opener.log 'gpg does not open the secret'
	gpgconf --homedir opener --kill all
}

# section_secret FILE: the bytes of the secret in a section.
section_secret() {
	sed -n '/^secret =$/,$s/^    //p' "$1" | base64 -d
}
