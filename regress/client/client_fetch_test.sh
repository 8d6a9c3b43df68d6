# SPDX-License-Identifier: ISC
# mandos-client and its servers: ours, Debian's, and some that are none.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/client/client.sh"
. "$top_srcdir/regress/integ/debian.sh"

all_addresses() {
	for address in "::1:$1" "[::1]:$1" "127.0.0.1:$1" \
	    "::ffff:127.0.0.1:$1" "[::ffff:127.0.0.1]:+$1" "127.1: 0$1"; do
		fetches 'pass word %' server client --interface=none \
		    --connect="$address"
	done
}

case_of server__ours 'our server by every form of address'
server__ours_body() {
	served
	opens
	all_addresses "$port"
	fetches 'pass word %' server client --interface=lo -c "::1:$port"
	server_stop server
}

case_of server__debian 'Debian'\''s server by every form of address'
server__debian_body() {
	served 'checker = :' 'timeout = PT1H'
	bus
	debian_lives
	all_addresses "$debian_port"
	kill -TERM "$(cat debian.pid)"
	debian_ends
}

case_of server__disabled 'a disabled client tries until it is enabled'
server__disabled_body() {
	served 'enabled = no'
	opens
	ours_starts late server client --interface=none -c "::1:$port" \
	    --retry=0.3
	logs 'Client client is disabled'
	server_stop server
	sed -i 's/^enabled = no/enabled = yes/' etc/clients.conf
	opens
	ours_ends late 0 'pass word %'
	leaves_nothing
	server_stop server
}

case_of server__late 'the server comes after the client'
server__late_body() {
	served
	ours_starts early server client --interface=none -c "::1:$port" \
	    --retry=0.3 --debug
	wait_for 10 grep -q 'Connection refused' early.err
	opens
	ours_ends early 0 'pass word %'
	leaves_nothing
	server_stop server
}

case_of servers__one_dead 'silent and dead servers cost nothing'
servers__one_dead_body() {
	served
	opens
	: >nothing
	fake silent 5001 silent nothing
	# Packets to the last one vanish.
	at server ip route add 203.0.113.0/24 dev lo
	begin=$(date +%s%3N)
	fetches 'pass word %' server client --interface=none \
	    -c "::1:5001" -c "[::1]:5002" -c 203.0.113.1:5003 -c "::1:$port"
	[ $(($(date +%s%3N) - begin)) -lt 8000 ] ||
	    atf_fail 'the dead server was waited for'
	server_stop server
}

case_of servers__approval 'a server that takes its time is waited for'
servers__approval_body() {
	served
	secret_for client 'pass word' >secret
	fake other 5001 hang secret
	fake late 5002 late secret
	# Longer than the retry interval: there is no second attempt.
	fetches 'pass word' server client --interface=none --retry=0.5 \
	    -c ::1:5001 -c ::1:5002
	atf_check_equal 1 "$(grep -c accepted late.log)"
}

case_of wire__as_the_original 'the greeting, and the farewell'
wire__as_the_original_body() {
	served
	secret_for client 'pass word' >secret
	fake good 5001 good secret
	fetches 'pass word' server client --interface=none -c ::1:5001
	printf '%s\n' ready accepted 'greeting 31 0d 0a' 'handshake: done' \
	    'sent all' 'bye: Success.' >expected
	wait_for 5 grep -q bye good.log
	atf_check -s exit:0 -o empty -e empty diff -u expected good.log
}

case_of wire__slow 'records that trickle'
wire__slow_body() {
	served
	secret_for client 'pass word' >secret
	fake slow 5001 slow secret
	fetches 'pass word' server client --interface=none -c ::1:5001
}

# tries_again MODE FILE [PRIORITY]: whatever such a server does, the client
# tries again and takes the password from the next one.
tries_again() {
	fake "$1" 5001 "$@"
	ours_starts again server client --interface=none -c ::1:5001 \
	    --retry=0.2
	wait_for 20 accepted_twice "$1"
	# Until it has ended, its port is taken.
	kill "$(cat "$1.pid")"
	wait "$(cat "$1.pid")" || :
	fake next 5001 good secret
	ours_ends again 0 'pass word'
	leaves_nothing
	kill "$(cat next.pid)"
	wait "$(cat next.pid)" || :
}

accepted_twice() {
	[ "$(grep -c accepted "$1.log")" -ge 2 ]
}

case_of reaction__to_every_server 'a bad server is tried again'
reaction__to_every_server_body() {
	served
	secret_for client 'pass word' >secret
	for mode in early reset line garbage nobye cut empty; do
		tries_again "$mode" secret
	done
	head -c 100 /dev/urandom >rubbish
	tries_again good rubbish
	grep -q 'bad gpgme_op_decrypt: GPGME: ' again.err ||
	    fail_with again.err 'no word about rubbish'
	tries_again good secret \
	    'NORMAL:-CTYPE-ALL:+CTYPE-RAWPK:-VERS-ALL:+VERS-TLS1.2'
	tries_again good secret 'NORMAL:-VERS-ALL:+VERS-TLS1.3'
}

case_of reaction__too_much 'nobody can fill the memory'
reaction__too_much_body() {
	served
	secret_for client 'pass word' >secret
	head -c 17000000 /dev/zero >much
	fake much 5001 good much
	fake good 5002 late secret
	fetches 'pass word' server client --interface=none -c ::1:5001 \
	    -c ::1:5002
	grep -q '::1]:5001 sends too much' fetches.err ||
	    fail_with fetches.err 'no word about it'
}

case_of tls_keys__types 'every type of TLS key'
tls_keys__types_body() {
	need openssl
	served
	secret_for client 'pass word' >secret
	fake good 5001 good secret
	for type in ed25519 ed448 secp256r1 secp384r1 rsa; do
		tls_key client "$type"
		fetches 'pass word' server client --interface=none -c ::1:5001
	done
	# SEC1 instead of PKCS #8.
	openssl ecparam -name prime256v1 -genkey -noout \
	    -out client/tls-privkey.pem 2>/dev/null
	openssl pkey -in client/tls-privkey.pem -pubout \
	    -out client/tls-pubkey.pem
	fetches 'pass word' server client --interface=none -c ::1:5001
}

case_of tls_keys__unusable 'key pairs that are none are refused'
tls_keys__unusable_body() {
	need certtool openssl
	served
	tls_key other ed25519
	tls_key curve secp256r1
	set -- server client --interface=none -c ::1:5001
	fails 69 'do not belong together' "$@" \
	    --tls-pubkey=other/tls-pubkey.pem
	fails 69 'do not belong together' "$@" \
	    --tls-pubkey=curve/tls-pubkey.pem
	fails 69 'TLS public key' "$@" --tls-pubkey=client/tls-privkey.pem
	fails 69 'TLS private key' "$@" --tls-privkey=client/tls-pubkey.pem
	openssl pkcs8 -topk8 -in client/tls-privkey.pem -out encrypted.pem \
	    -passout pass:x
	fails 69 'TLS private key' "$@" --tls-privkey=encrypted.pem
	: >empty
	fails 69 'TLS private key' "$@" --tls-privkey=empty
	fails 69 'none: No such file' "$@" --tls-privkey=none
	fails 69 'none: No such file' "$@" --tls-pubkey=none
	fails 64 'Bad priority string' "$@" --priority=RUBBISH
}

case_of pgp_keys__unusable 'OpenPGP keys that are none are refused'
pgp_keys__unusable_body() {
	served
	: >empty
	echo text >text
	set -- server client --interface=none -c ::1:5001
	for file in empty text client/tls-privkey.pem; do
		fails 69 "$file: " "$@" --seckey="$file"
		fails 69 "$file: " "$@" --pubkey="$file"
	done
	fails 69 'none: No such file' "$@" --seckey=none
	fails 69 'none: No such file' "$@" --pubkey=none
	mkdir path
	client_as="env PATH=$PWD/path"
	fails 69 'bad gpgme' "$@"
}

case_of pgp_keys__same_twice 'the secret key is enough'
pgp_keys__same_twice_body() {
	served
	secret_for client 'pass word' >secret
	fake good 5001 good secret
	fetches 'pass word' server client --interface=none -c ::1:5001 \
	    --pubkey=client/seckey.txt
	client_gpg client --export-secret-keys >client/seckey.txt
	client_gpg client --export >client/pubkey.txt
	fetches 'pass word' server client --interface=none -c ::1:5001
	client_as='env -i PATH=/usr/bin'
	fetches 'pass word' server client --interface=none -c ::1:5001
	client_as='env -i'
	fetches 'pass word' server client --interface=none -c ::1:5001
}

# opens_to FILE EXPECTED: what comes of this reply.
opens_to() {
	fake good 5001 good "$1"
	fetches_status=0
	ours server client --interface=none -c ::1:5001 >opens.out \
	    2>opens.err || fetches_status=$?
	atf_check_equal 0 "$fetches_status"
	cmp opens.out "$2" || fail_with opens.err "$1 did not open to $2"
	leaves_nothing
	kill "$(cat good.pid)"
	wait "$(cat good.pid)" || :
}

case_of decryption__works 'every kind of message that is for us'
decryption__works_body() {
	served
	client_keys other
	printf 'one\0two\n\n' >plain
	fpr=$(client_fingerprint client)
	client_gpg client --sign -e -r "$fpr" <plain >signed
	client_gpg client -e -r "$fpr" <plain >unsigned
	client_gpg client --armor -e -r "$fpr" <plain >armored
	client_gpg client -z 0 -e -r "$fpr" <plain >uncompressed
	client_gpg client -e -R "$fpr" <plain >hidden
	client_gpg client --import other/pubkey.txt
	client_gpg client -e -r "$(client_fingerprint other)" -r "$fpr" \
	    <plain >several
	client_gpg other --import client/pubkey.txt
	client_gpg other --sign -e -r "$fpr" <plain >foreign
	for kind in signed unsigned armored uncompressed hidden several \
	    foreign; do
		opens_to "$kind" plain
	done
	: >nothing
	client_gpg client -e -r "$fpr" <nothing >void
	opens_to void nothing
	head -c 1000000 /dev/urandom >large
	client_gpg client -e -r "$fpr" <large >largest
	opens_to largest large
}

case_of decryption__refused 'messages that are not for us, or not whole'
decryption__refused_body() {
	served
	client_keys other
	secret_for client 'pass word' >secret
	fpr=$(client_fingerprint client)
	printf 'secret of others' >plain
	secret_for other 'pass word' >wrong
	client_gpg client --passphrase x --pinentry-mode loopback -c <plain \
	    >symmetric
	client_gpg client --sign <plain >signature
	client_gpg client --store <plain >literal
	client_gpg client --rfc2440 --disable-mdc -e -r "$fpr" <plain >nomdc \
	    2>/dev/null || rm -f nomdc
	head -c 100 secret >truncated
	{ head -c 150 secret; printf x; tail -c +152 secret; } >corrupted
	cat secret secret >twice
	head -c 20000000 /dev/zero | client_gpg client -e -r "$fpr" >bomb
	n=5000
	set --
	for kind in wrong symmetric signature literal nomdc truncated \
	    corrupted twice bomb; do
		[ -s "$kind" ] || continue
		n=$((n + 1))
		fake "$kind" "$n" good "$kind"
		set -- "$@" -c "::1:$n"
	done
	ours_starts all server client --interface=none --retry=0.1 "$@"
	wait_for 60 refused_all 30
	# It is as willing as before.
	fake good 4999 good secret
	kill "$(cat all.pid)"
	ours_ends all 143 ''
	leaves_nothing
	fetches 'pass word' server client --interface=none "$@" -c ::1:4999
}

# refused_all COUNT: it has said so that often.
refused_all() {
	[ "$(grep -c 'bad gpgme_op_decrypt: GPGME: ' all.err)" -ge "$1" ]
}

atf_init_test_cases() {
	atf_add_test_case server__ours
	atf_add_test_case server__debian
	atf_add_test_case server__disabled
	atf_add_test_case server__late
	atf_add_test_case servers__one_dead
	atf_add_test_case servers__approval
	atf_add_test_case wire__as_the_original
	atf_add_test_case wire__slow
	atf_add_test_case reaction__to_every_server
	atf_add_test_case reaction__too_much
	atf_add_test_case tls_keys__types
	atf_add_test_case tls_keys__unusable
	atf_add_test_case pgp_keys__unusable
	atf_add_test_case pgp_keys__same_twice
	atf_add_test_case decryption__works
	atf_add_test_case decryption__refused
}
