# SPDX-License-Identifier: ISC
# mandos-import: what the original has saved becomes a ledger that says the
# same, nothing is overwritten, and nothing that may be a stranger's is read
# by a process with power.

. "$(atf_get_srcdir)/../lib.sh"

import=$bin/mandos-import
unlock=$(atf_get_srcdir)/unlock
vectors=$top_srcdir/regress/import/vectors
user=$checker_user

# site: a configuration and a state directory, as the original leaves them
# after the run in vectors/.
site() {
	id "$user" >/dev/null 2>&1 || atf_skip "there is no user $user"
	mkdir -m 700 etc state
	printf '[DEFAULT]\nstatedir = %s\n' "$PWD/state" >etc/mandos.conf
	cp "$vectors/run.conf" etc/clients.conf
	cp "$vectors/run.pickle" state/clients.pickle
	touch -d 2026-11-21T12:00:00.123456Z state/clients.pickle
	chown -R "$user:$user" state
}

# imports [OPTION...]: run it on that site.
imports() {
	"$import" --configdir "$PWD/etc" "$@"
}

# settled DIR: what is in it, and whose.
settled() {
	stat -c '%n %U %a' "$1" "$1"/*
	cat "$1"/*
}

# root_case NAME DESCRIPTION: declare a test case that only root can run.
root_case() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set require.user root
	}"
}

root_case convert__recorded_run 'the ledger of a recorded run is the right one'
convert__recorded_run_body() {
	site
	echo "$PWD/state/clients.ledger: clients: 10, removed at run time: 2," \
	    "secrets set at run time: 2, not carried over: 0" >expected
	held 0 "$(cat expected)\n" "<4>mandos-import: $PWD/state is root's from \
here on, with mode 0700; it was user $(id -u "$user")'s, with mode 0700\n" \
	    imports
	atf_check -s exit:0 -o empty -e empty \
	    cmp state/clients.ledger "$vectors/run.ledger"
	atf_check -s exit:0 -o inline:'root root 700\n' -e empty \
	    stat -c '%U %G %a' state
	atf_check -s exit:0 -o inline:'root root 600\n' -e empty \
	    stat -c '%U %G %a' state/clients.ledger
	atf_check -s exit:0 -o empty -e empty \
	    cmp state/clients.pickle "$vectors/run.pickle"
	atf_check -s exit:0 -o inline:'clients.ledger\nclients.pickle\n' \
	    -e empty ls state
}

root_case convert__named_file 'a file elsewhere can be named'
convert__named_file_body() {
	site
	mv state/clients.pickle old.pickle
	mkdir -m 755 other
	atf_check -s exit:0 -o match:'^other/clients.ledger: clients: 10' \
	    -e match:"other is root's" \
	    "$import" -c etc -s other old.pickle
	atf_check -s exit:0 -o empty -e empty \
	    cmp other/clients.ledger "$vectors/run.ledger"
}

root_case convert__secret_changed 'a secret of another key is left, with a warning'
convert__secret_changed_body() {
	site
	sed -i '/^\[secret]/,/^secret/s/^secret =.*/secret = bmV3/' \
	    etc/clients.conf
	atf_check -s exit:0 -o match:'run time: 1, not carried over: 1$' \
	    -e match:'client secret: the saved secret is not carried over, clients.conf counts: the secret in clients.conf has changed$' \
	    "$import" -c etc
	sed -n '/^client "secret"/,/^$/p' state/clients.ledger >client
	atf_check -s exit:0 -o inline:'conf_secret unknown\nsecret configured\n' \
	    -e empty grep 'secret [^"]*$' client
	# Nothing else is different.
	sed -e '/^client "secret"/,/^$/s/^\(conf_\)*secret .*//' \
	    -e '/^sha256/d' "$vectors/run.ledger" >expected
	sed -e '/^client "secret"/,/^$/s/^\(conf_\)*secret .*//' \
	    -e '/^sha256/d' state/clients.ledger >result
	atf_check -s exit:0 -o empty -e empty diff -u expected result
}

root_case convert__client_gone 'who has left clients.conf is no reason to warn'
convert__client_gone_body() {
	site
	sed -i '/^\[secret]/,/^secret/d' etc/clients.conf
	atf_check -s exit:0 -o match:'run time: 1, not carried over: 0$' \
	    -e not-match:'carried' "$import" -c etc
	sed -n '/^client "secret"/,/^$/p' state/clients.ledger >client
	atf_check -s exit:0 -o inline:'conf_secret unknown\nsecret configured\n' \
	    -e empty grep 'secret [^"]*$' client
}

root_case dry_run__changes_nothing '--dry-run prints, without secrets'
dry_run__changes_nothing_body() {
	site
	settled state >before
	atf_check -s exit:0 -o save:printed -e empty "$import" -c etc -n
	settled state >after
	atf_check -s exit:0 -o empty -e empty diff -u before after
	sed -e 's/^secret ".*/secret (not shown)/' -e '/^sha256/d' \
	    "$vectors/run.ledger" >expected
	atf_check -s exit:0 -o empty -e empty diff -u expected printed
}

root_case refuse__ledger_exists 'a ledger is replaced only if one insists'
refuse__ledger_exists_body() {
	site
	echo precious >state/clients.ledger
	settled state >before
	atf_check -s exit:73 -o empty \
	    -e match:'clients.ledger exists; use --force to replace it$' \
	    "$import" -c etc
	settled state >after
	atf_check -s exit:0 -o empty -e empty diff -u before after
	atf_check -s exit:0 -o ignore -e match:"is root's" "$import" -c etc -f
	atf_check -s exit:0 -o empty -e empty \
	    cmp state/clients.ledger "$vectors/run.ledger"
	atf_check -s exit:0 -o inline:'precious\n' -e empty \
	    cat state/clients.ledger.previous
	# And once more, with an older one to be forgotten.
	atf_check -s exit:0 -o ignore -e empty "$import" -c etc --force
	atf_check -s exit:0 -o empty -e empty \
	    cmp state/clients.ledger.previous "$vectors/run.ledger"
}

root_case refuse__server_runs 'while a server has the directory it is let alone'
refuse__server_runs_body() {
	site
	need flock
	settled state >before
	atf_check -s exit:75 -o empty -e match:'a server is running on it$' \
	    flock state "$import" -c etc
	settled state >after
	atf_check -s exit:0 -o empty -e empty diff -u before after
}

root_case refuse__no_file 'what is missing, or no file, is said to be'
refuse__no_file_body() {
	site
	rm state/clients.pickle
	atf_check -s exit:66 -o empty -e match:'there is no .*/state/clients.pickle: the original server writes it when it ends' \
	    "$import" -c etc
	mkfifo state/clients.pickle
	atf_check -s exit:66 -o empty -e match:'clients.pickle is no regular file$' \
	    "$import" -c etc
	rm state/clients.pickle
	cp "$vectors/run.pickle" elsewhere
	ln -s "$PWD/elsewhere" state/clients.pickle
	atf_check -s exit:66 -o empty -e match:'symbolic links' "$import" -c etc
	atf_check -s exit:66 -o empty -e match:'No such file' \
	    "$import" -c etc nowhere
	atf_check -s exit:73 -o empty -e match:'No such file' \
	    "$import" -c etc -s nowhere
	ln -s state link
	atf_check -s exit:73 -o empty -e match:'link is no directory, or a symbolic link$' \
	    "$import" -c etc -s link
	atf_check -s exit:0 -o inline:"$user 700\n" -e empty \
	    stat -c '%U %a' state
}

root_case refuse__damaged_file 'a damaged file changes nothing'
refuse__damaged_file_body() {
	site
	head -c 4000 "$vectors/run.pickle" >state/clients.pickle
	settled state >before
	atf_check -s exit:65 -o empty \
	    -e match:'clients.pickle: at byte [0-9]*: the file ends ' \
	    "$import" -c etc
	printf '\200\002cos\nsystem\nX\013\0\0\0touch owned\205R.' >evil
	atf_check -s exit:65 -o empty -e match:'evil: at byte 2: the name os.system has no place in such a file$' \
	    "$import" -c etc evil
	: >empty
	atf_check -s exit:65 -o empty -e match:'empty: at byte 0: ' \
	    "$import" -c etc empty
	# The limit is held without reading on.
	truncate -s 1T huge
	atf_check -s exit:65 -o empty -e match:'huge: at byte 0: the file is longer than 67108864 bytes$' \
	    "$import" -c etc huge
	[ ! -e owned ] || atf_fail 'the file was executed'
	settled state >after
	atf_check -s exit:0 -o empty -e empty diff -u before after
}

root_case refuse__bad_configuration 'the configuration reader complains itself'
refuse__bad_configuration_body() {
	site
	echo 'no section' >etc/clients.conf
	atf_check -s exit:78 -o empty -e match:'clients.conf:1: ' \
	    "$import" -c etc
	atf_check -s exit:0 -o inline:'clients.pickle\n' -e empty ls state
}

# What mandos.conf says of the network must not be in the way.
root_case convert__unusable_network 'settings of the network do not matter'
convert__unusable_network_body() {
	site
	cat >>etc/mandos.conf <<-END
		zeroconf = no
		address = no.such.host.invalid
		interface = nosuchif0
	END
	atf_check -s exit:0 -o ignore -e match:"is root's" "$import" -c etc
	atf_check -s exit:0 -o empty -e empty \
	    cmp state/clients.ledger "$vectors/run.ledger"
}

# strace shows the calls; that the filter holds is a test of sandbox/.
root_case jail__every_reader 'all that reads a stranger'\''s bytes is locked up'
jail__every_reader_body() {
	site
	need strace
	atf_check -s exit:0 -o ignore -e match:"is root's" strace -f -qq \
	    -o trace -e trace=chroot,setresuid,execve,seccomp,read,exit_group \
	    "$import" -c etc
	# One for the file, one for each secret; the configuration reader is
	# another program, and so is the first.
	uid=$(id -u "$user")
	awk -v uid="$uid" '
		{ pid = $1; sub(/^[0-9]+ +/, "") }
		/^execve/ { other[pid] = 1 }
		/^chroot\("\."\) += 0/ { root[pid] = 1 }
		/^setresuid\(/ && index($0, "(" uid ", " uid ", " uid ")") {
			user[pid] = 1
		}
		/^seccomp\(SECCOMP_SET_MODE_FILTER.*= 0/ { jail[pid] = 1 }
		/^read\(/ && jail[pid] && !other[pid] { print "reads under the filter: " $0 }
		/^exit_group/ && !other[pid] {
			if (root[pid] && user[pid] && jail[pid])
				n++
			else
				print "not locked up: " pid
		}
		END { print n + 0 }' trace >result
	atf_check -s exit:0 -o inline:'11\n' -e empty cat result
}

atf_test_case unlock__gpg
unlock__gpg_head() {
	atf_set descr 'what gpg encrypts, in whatever way, is decrypted'
	atf_set timeout 300
}
unlock__gpg_body() {
	need gpg gpgconf
	mkdir -m 700 gnupg
	printf key >key
	printf other >other
	printf mandos6b6579 >pass
	printf 'the secret' >plain
	for cipher in CAST5 AES AES192 AES256 TWOFISH CAMELLIA256; do
		for how in SHA1:0 RIPEMD160:1 SHA256:3 SHA512:3; do
			seal --cipher-algo "$cipher" \
			    --s2k-digest-algo "${how%:*}" \
			    --s2k-mode "${how#*:}" <plain
			atf_check -s exit:0 -o file:plain -e empty \
			    "$unlock" sealed key
		done
	done
	atf_check -s exit:1 -o empty \
	    -e match:'the secret in clients.conf has changed$' \
	    "$unlock" sealed other
	for how in none zip zlib; do
		for size in 0 1 191 8384 65536; do
			head -c "$size" /dev/urandom >plain
			seal --compress-algo "$how" <plain
			atf_check -s exit:0 -o file:plain -e empty \
			    "$unlock" sealed key
		done
	done
	head -c 65537 /dev/zero >plain
	seal <plain
	atf_check -s exit:1 -o empty \
	    -e match:'what is encrypted cannot be read$' "$unlock" sealed key
	seal --cipher-algo 3DES <pass
	atf_check -s exit:1 -o empty -e match:'not encrypted as expected$' \
	    "$unlock" sealed key
}
unlock__gpg_cleanup() {
	gpgconf --homedir "$PWD/gnupg" --kill all >/dev/null 2>&1 || :
}

# seal [OPTION...]: encrypt as the original does, but quickly.
seal() {
	gpg --homedir "$PWD/gnupg" --batch --quiet --yes --force-mdc \
	    --pinentry-mode loopback --passphrase-file pass \
	    --s2k-count 2048 "$@" --symmetric >sealed 2>gpg.err ||
	    fail_with gpg.err 'gpg does not encrypt'
}

atf_test_case unlock__damaged
unlock__damaged_head() {
	atf_set descr 'what is cut or changed is refused'
}
unlock__damaged_body() {
	seeds=$top_srcdir/regress/fuzz/seeds/import
	printf key >key
	for seed in compressed plain cast5; do
		atf_check -s exit:0 -o inline:'the secret' -e empty \
		    "$unlock" "$seeds/$seed" key
		size=$(wc -c <"$seeds/$seed")
		while [ "$size" -gt 0 ]; do
			size=$((size - 1))
			head -c "$size" "$seeds/$seed" >short
			atf_check -s exit:1 -o empty -e match:'^unlock: ' \
			    "$unlock" short key
		done
		# A byte near the end, which is of the checksum.
		{ head -c -3 "$seeds/$seed"; printf 'x\0x'; } >changed
		atf_check -s exit:1 -o empty -e match:'^unlock: ' \
		    "$unlock" changed key
	done
}

atf_test_case options__in_manual
options__in_manual_head() {
	atf_set descr 'mandos-import(8) and --help name the same options'
}
options__in_manual_body() {
	need mandoc
	mandoc -T ascii "$top_srcdir/man/mandos-import.8" |
	    sed 's/.\x08//g' >page
	atf_check -s exit:0 -o save:help -e empty "$import" --help
	names='s/^ *\(-[a-z], --[a-z-]*\).*/\1/p'
	sed -n "$names" help >from_help
	sed -n '/^DESCRIPTION/,$p' page | sed -n "$names" >from_page
	[ -s from_help ] || atf_fail 'no options in --help'
	atf_check -s exit:0 -o empty -e empty diff -u from_help from_page
	# The usage line and the synopsis.
	sed -n '1s/^usage: //p' help >usage
	sed -n '/^SYNOPSIS/{n;s/^ *//p;q;}' page >synopsis
	atf_check -s exit:0 -o empty -e empty diff -u usage synopsis
}

atf_test_case options__wrong
options__wrong_head() {
	atf_set descr 'a wrong command line is refused'
}
options__wrong_body() {
	for wrong in '--nonsense' '-x' 'one two' '-c'; do
		# shellcheck disable=SC2086	# several words
		atf_check -s exit:2 -o empty -e match:'^usage: mandos-import ' \
		    "$import" $wrong
	done
	atf_check -s exit:0 -o match:'^mandos-import [0-9]' -e empty \
	    "$import" --version
}

atf_test_case options__not_root
options__not_root_head() {
	atf_set descr 'only root can use it'
	atf_set require.user unprivileged
}
options__not_root_body() {
	atf_check -s exit:77 -o empty -e match:'this program is for root$' \
	    "$import"
}

# The original, on a system bus of its own.

bus_start() {
	mkdir -m 755 bus
	bus_open bus/socket
	export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$PWD/bus/socket"
}

# original_config: three clients that nothing happens to, and others.
original_config() {
	cat >etc/clients.conf <<-END
		[DEFAULT]
		checker = true
		fingerprint = 7788 2722 5BA7
		[unchanged]
		secret = $(printf 'secret one' | base64)
		[disabled]
		secret = $(printf 'secret two' | base64)
		[settings]
		secret = $(printf 'secret three' | base64)
		extended_timeout = P2000D
		[secret]
		secret = $(printf 'secret\n\\four' | base64)
		[long]
		secret = $(seq 1 500 | tr '2\n' '\0\n' | base64 -w 0)
		[removed]
		secret = $(printf 'secret five' | base64)
		[failing]
		checker = exit 77
		interval = PT1S
		timeout = PT9M
		secret = $(printf 'secret six' | base64)
		[checked]
		interval = PT1S
		secret = $(printf 'secret seven' | base64)
		[off]
		enabled = no
		secret =
	END
	# Each its own key ID, which is not to be complained about.
	awk '{ print } /^\[/ && !/DEFAULT/ { printf "key_id = %064x\n", ++n }' \
	    etc/clients.conf >etc/with_ids
	mv etc/with_ids etc/clients.conf
}

# original_set CLIENT PROPERTY TYPE:VALUE: as an administrator would.
original_set() {
	atf_check -s exit:0 -o ignore -e empty dbus-send --system \
	    --print-reply --dest=se.recompile.Mandos "/clients/$1" \
	    org.freedesktop.DBus.Properties.Set \
	    string:se.recompile.Mandos.Client "string:$2" "variant:$3"
}

# What it makes of gpg's agents ends when this directory goes.
original_start() {
	mkdir -p -m 1777 tmp
	TMPDIR=$PWD/tmp /usr/sbin/mandos --foreground --no-zeroconf --address ::1 \
	    --interface lo --port "$port" --configdir "$PWD/etc" \
	    --statedir "$PWD/state" >original.log 2>&1 &
	original=$!
	wait_for 60 mandos-ctl
}

# original_has CLIENT STATUS: its checker has ended with this status.
original_has() {
	mandos-ctl --dump-json | /usr/bin/python3 -c '
import json, sys
got = json.load(sys.stdin)[sys.argv[1]]["LastCheckerStatus"]
sys.exit(got != int(sys.argv[2]))' "$1" "$2"
}

# original_lives: what happens in its run.
original_lives() {
	original_set disabled Enabled boolean:false
	original_set settings ApprovalDelay uint64:5000
	original_set settings ApprovalDuration uint64:7001
	original_set settings ApprovedByDefault boolean:false
	original_set settings Checker 'string:exit 0 # "x" \ %(name)s'
	original_set settings ExtendedTimeout uint64:4000000001
	original_set settings Host string:host.example.org
	original_set settings Interval uint64:60000
	original_set settings Timeout uint64:123456
	printf 'set at run time' >new
	atf_check -s exit:0 -o empty -e empty \
	    mandos-ctl --secret new secret long
	atf_check -s exit:0 -o empty -e empty mandos-ctl --remove removed
	wait_for 30 original_has failing 77
	wait_for 30 original_has checked 0
}

# original_run: one whole run, which leaves its file.  Sometimes it does not,
# because gpg's agent removes what it is just about to remove itself.
original_run() {
	tries=5
	until [ -s state/clients.pickle ]; do
		[ "$tries" -gt 0 ] ||
		    fail_with original.log 'the original saves nothing'
		tries=$((tries - 1))
		original_start
		original_lives
		kill "$original"
		wait "$original" || :
	done
}

root_case convert__living_original "a run of Debian's server is carried over"
convert__living_original_body() {
	need dbus-daemon dbus-send mandos-ctl /usr/sbin/mandos gpg nsenter
	/usr/bin/python3 -c 'import dbus' 2>/dev/null ||
	    atf_skip 'python3-dbus is not installed'
	[ "$user" = _mandos ] || atf_skip 'another user was configured'
	site
	rm state/clients.pickle
	original_config
	bus_start
	original_run
	atf_check -s exit:0 -o save:expected -e empty /usr/bin/python3 \
	    "$top_srcdir/regress/import/expected.py" state/clients.pickle
	atf_check -s exit:0 -o match:'clients: 8, removed at run time: 1, secrets set at run time: 2, not carried over: 0$' \
	    -e match:"is root's" "$import" -c etc
	grep -v -e '^secret ' -e '^conf_secret ' -e '^sha256 ' -e '^written ' \
	    -e '^mandos-ledger ' state/clients.ledger >result
	atf_check -s exit:0 -o empty -e empty diff -u expected result
	# The secrets are those that were set, and no other.
	set_at=$(printf 'set at run time' | base64)
	sed -n -e 's/^client //p' -e 's/^secret //p' state/clients.ledger |
	    paste -d ' ' - - | grep -v ' configured$' >secrets
	atf_check -s exit:0 \
	    -o inline:"\"long\" \"$set_at\"\n\"secret\" \"$set_at\"\n" \
	    -e empty cat secrets
	# It was written when the original wrote its file.
	written=$(sed -n 's/^written //p' state/clients.ledger)
	atf_check_equal "$(stat -c %Y state/clients.pickle)" \
	    "$(date -d "$written" +%s)"
	# And this server goes on where that one ended.
	give_keys secret checked disabled removed
	host_new server
	server_start server "$PWD/etc" --statedir "$PWD/state"
	gets 'set at run time' secret
	gets 'secret seven' checked
	gets '' disabled
	gets '' removed
	server_stop server
}

# give_keys CLIENT...: a key to ask with, in place of its key_id, which is a
# change of clients.conf and of nothing else.
give_keys() {
	for name; do
		key "$name"
		id=$("$fetcher" -S "$name" -k "$name.key" -u "$name.pub" \
		    </dev/null | sed -n 's/^key_id = //p')
		[ -n "$id" ] || atf_fail "no key ID for $name"
		sed -i "/^\[$name]/,/^key_id/s/^key_id =.*/key_id = $id/" \
		    etc/clients.conf
	done
}

# ledger_of CLIENT: what the ledger says of it.
ledger_of() {
	sed -n "/^[a-z]* \"$1\"\$/,/^\$/p" state/clients.ledger
}

# The downtime since the recording does not matter to what is looked at here.
root_case convert__server_goes_on 'the server goes on from what was imported'
convert__server_goes_on_body() {
	site
	give_keys checked disabled removed
	atf_check -s exit:0 -o match:'not carried over: 0$' \
	    -e match:"is root's" "$import" -c etc
	host_new server
	server_start server "$PWD/etc" --statedir "$PWD/state"
	gets 'secret nine' checked
	gets '' removed
	gets '' disabled
	server_stop server
	for name in disabled fails killed off; do
		ledger_of "$name" >"$name.says"
		atf_check -s exit:0 -o inline:'enabled no\n' -e empty \
		    grep '^enabled' "$name.says"
	done
	for name in removed removed_empty; do
		ledger_of "$name" >"$name.says"
		atf_check -s exit:0 -o inline:"removed \"$name\"\n" -e empty \
		    head -n 1 "$name.says"
	done
	for name in secret long settings; do
		ledger_of "$name" | grep -e '^secret' -e '^host' \
		    -e '^[a-z_]*_ms' -e '^checker' -e '^created' >result
		sed -n "/^client \"$name\"\$/,/^\$/p" "$vectors/run.ledger" |
		    grep -e '^secret' -e '^host' -e '^[a-z_]*_ms' \
		    -e '^checker' -e '^created' >expected
		atf_check -s exit:0 -o empty -e empty diff -u expected result
	done
}

atf_init_test_cases() {
	atf_add_test_case convert__recorded_run
	atf_add_test_case convert__named_file
	atf_add_test_case convert__secret_changed
	atf_add_test_case convert__client_gone
	atf_add_test_case convert__unusable_network
	atf_add_test_case convert__living_original
	atf_add_test_case convert__server_goes_on
	atf_add_test_case dry_run__changes_nothing
	atf_add_test_case refuse__ledger_exists
	atf_add_test_case refuse__server_runs
	atf_add_test_case refuse__no_file
	atf_add_test_case refuse__damaged_file
	atf_add_test_case refuse__bad_configuration
	atf_add_test_case jail__every_reader
	atf_add_test_case unlock__gpg
	atf_add_test_case unlock__damaged
	atf_add_test_case options__in_manual
	atf_add_test_case options__wrong
	atf_add_test_case options__not_root
}
