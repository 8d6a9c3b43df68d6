# SPDX-License-Identifier: ISC
# password-prompt and people who type, beside the original's.

. "$(atf_get_srcdir)/../lib.sh"

ours=$top_builddir/client/plugins
theirs=$(echo /usr/lib/*/mandos/plugins.d)

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# console ARGUMENT...: see console.py.
console() {
	need python3
	python3 -B "$top_srcdir/regress/client/console.py" "$@"
}

# both: the programs to compare, ours first.
both() {
	echo "$ours/$1"
	if [ -x "$theirs/$1" ]; then
		echo "$theirs/$1"
	fi
}

# A boot screen may be there on the machine of whoever tests.
no_plymouth() {
	[ ! -e /run/plymouth/pid ] || atf_skip 'plymouth runs'
}

# prompts OUT SCREEN ARGUMENT...: hold what is shown, by either program, when
# somebody types "secret".
prompts() {
	prompts_screen=$1
	shift
	for program in $(both password-prompt); do
		held 0 secret "$prompts_screen" console hidden 'type=secret\n' \
		    exit=0 -- env "$@" "$program" $options
	done
}

case_of prompt__texts 'the question says which device it is for'
prompt__texts_body() {
	no_plymouth
	unset CRYPTTAB_SOURCE CRYPTTAB_NAME cryptsource crypttarget
	options=
	prompts 'Enter passphrase to unlock the disk: \n' A=B
	prompts 'Unlocking the disk /dev/x\nEnter passphrase: \n' \
	    CRYPTTAB_SOURCE=/dev/x
	prompts 'Unlocking the disk (y)\nEnter passphrase: \n' CRYPTTAB_NAME=y
	prompts 'Unlocking the disk /dev/x (y)\nEnter passphrase: \n' \
	    CRYPTTAB_SOURCE=/dev/x CRYPTTAB_NAME=y
	prompts 'Unlocking the disk /dev/o (p)\nEnter passphrase: \n' \
	    cryptsource=/dev/o crypttarget=p
	prompts 'Unlocking the disk /dev/x (p)\nEnter passphrase: \n' \
	    CRYPTTAB_SOURCE=/dev/x cryptsource=/dev/o crypttarget=p
	prompts 'Unlocking the disk  (p)\nEnter passphrase: \n' \
	    CRYPTTAB_SOURCE= cryptsource=/dev/o crypttarget=p
	options='--prompt=Open'
	prompts 'Open: \n' CRYPTTAB_SOURCE=/dev/x
	options="--prompt Open -p @"
	prompts '@ Open: \n' CRYPTTAB_SOURCE=/dev/x
	options=--prefix=@
	prompts '@ Unlocking the disk (y)\nEnter passphrase: \n' \
	    CRYPTTAB_NAME=y
}

case_of prompt__bytes 'a line is printed as it is, without its end'
prompt__bytes_body() {
	no_plymouth
	unset CRYPTTAB_SOURCE CRYPTTAB_NAME cryptsource crypttarget
	prompt='Enter passphrase to unlock the disk: '
	for program in $(both password-prompt); do
		held 0 '' "$prompt\n" console hidden 'type=\n' exit=0 -- \
		    "$program"
		printf ' a\t\377#' >line
		atf_check -s exit:0 -o file:line -e inline:"$prompt\n" \
		    python3 -B "$top_srcdir/regress/client/console.py" hidden \
		    'type= a\t\xff#\n' exit=0 -- "$program"
		# Control-D on an empty line is no answer.
		held 0 x "$prompt\n$prompt\n" console hidden 'type=\x04' \
		    see="$prompt" see="$prompt" hidden 'type=x\n' exit=0 -- \
		    "$program"
	done
	long=$(printf '%04000d' 7)
	held 0 "$long" "$prompt\n" console hidden "type=$long\n" exit=0 -- \
	    "$ours/password-prompt"
}

case_of prompt__signals 'whatever ends it, what is typed is shown again'
prompt__signals_body() {
	no_plymouth
	for signal in HUP INT QUIT TERM; do
		held 0 '' 'X: \n' console see='X: ' hidden kill=$signal \
		    signal=$signal -- "$ours/password-prompt" --prompt=X
		held 0 '' 'X: \n' console see='X: ' hidden 'type=half' \
		    kill=$signal signal=$signal -- \
		    "$ours/password-prompt" --prompt=X
		# Who ignores it goes on.
		held 0 yes 'X: \n' console see='X: ' hidden kill=$signal \
		    'type=yes\n' exit=0 -- sh -c \
		    'trap "" "$1"; shift; exec "$@"' - $signal \
		    "$ours/password-prompt" --prompt=X
	done
	# With the terminal's keys; and the terminal may go away.
	held 0 '' 'X: \n' console -C hidden 'type=\x03' signal=INT -- \
	    "$ours/password-prompt" --prompt=X
	held 0 '' 'X: \n' console -C hidden 'type=\x1c' signal=QUIT -- \
	    "$ours/password-prompt" --prompt=X
	held 0 '' 'X: ' console see='X: ' hang-up exit=71 -- \
	    "$ours/password-prompt" --prompt=X
}

case_of prompt__stopped 'while it is stopped, what is typed is shown'
prompt__stopped_body() {
	no_plymouth
	atf_check -s exit:0 -o inline:'second' -e match:'X: .*X: ' -x \
	    "python3 -B '$top_srcdir/regress/client/console.py' -C \
	    see='X: ' hidden 'type=first\\x1a' shown 'type=go on\\n' \
	    see='X: ' hidden 'type=second\\n' exit=0 -- \
	    sh -mc '$ours/password-prompt --prompt=X; read -r word; fg >&2' \
	    2>screen; s=\$?; tr '\\n' ' ' <screen >&2; exit \$s"
}

case_of prompt__readers 'two on one terminal do not share what is typed'
prompt__readers_body() {
	no_plymouth
	cat >two <<-'END'
		exec 3<&0
		"$1" --prompt=A <&3 >a & a=$!
		"$1" --prompt=A <&3 >b & b=$!
		wait $a && wait $b
	END
	held 0 '' 'A: \nA: \n' console see='A: ' hidden 'type=one\n' \
	    see='A: ' hidden 'type=two\n' exit=0 -- \
	    sh two "$ours/password-prompt"
	cat a b >all
	atf_check -s exit:0 -o match:'^(onetwo|twoone)$' -e empty cat all
	# Who waits for the terminal can be told to end.
	cat >waiting <<-'END'
		exec 3<&0
		"$1" --prompt=A <&3 >a & a=$!
		until stty -a <&3 | grep -q -- ' -echo '; do sleep 0.05; done
		"$1" --prompt=B <&3 >b & b=$!
		: >started
		kill -TERM $b
		wait $b 2>/dev/null
		[ $? -eq 143 ] || exit 1
		: >ended
		wait $a
	END
	held 0 '' 'A: \n' console see='A: ' hidden file=ended hidden \
	    'type=x\n' exit=0 -- sh waiting "$ours/password-prompt"
}

case_of prompt__refuses 'what cannot be asked is refused at once'
prompt__refuses_body() {
	no_plymouth
	atf_check -s exit:69 -o empty -e match:'tcgetattr: ' \
	    "$ours/password-prompt" </dev/null
	atf_check -s exit:64 -o empty -e match:'Too many arguments' \
	    -e match:'^Try .*--help.*--usage' "$ours/password-prompt" x
	atf_check -s exit:64 -o empty -e match:'--no-such' \
	    -e match:'^Try .*--help.*--usage' \
	    "$ours/password-prompt" --no-such
	atf_check -s exit:64 -o empty -e match:'requires an argument' \
	    -e match:'^Try ' "$ours/password-prompt" -p
	for option in --help '-?' --usage -V --version --vers; do
		atf_check -s exit:64 -o match:password-prompt -e empty \
		    "$ours/password-prompt" "$option"
	done
	# Standard output that is not there.
	held 0 '' 'X: \npassword-prompt: standard output: Bad file descriptor\n' \
	    console hidden 'type=x\n' exit=74 -- \
	    sh -c 'exec "$@" >&-' - "$ours/password-prompt" --prompt=X
}

atf_init_test_cases() {
	atf_add_test_case prompt__texts
	atf_add_test_case prompt__bytes
	atf_add_test_case prompt__signals
	atf_add_test_case prompt__stopped
	atf_add_test_case prompt__readers
	atf_add_test_case prompt__refuses
}
