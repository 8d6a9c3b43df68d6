# SPDX-License-Identifier: ISC
# Who asks, and what he gets: the whole server with Debian's mandos-client,
# and with a client of ours that can do what Debian's cannot.

. "$(atf_get_srcdir)/../lib.sh"

talk=$top_srcdir/regress/integ/talk.py

# What Debian's client uses when it is told nothing.
priority='SECURE128:!CTYPE-X.509:+CTYPE-RAWPK:!RSA:!VERS-ALL:+VERS-TLS1.3'
priority=$priority:%PROFILE_ULTRA

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 60
		atf_set require.user root
	}"
}

# debian PASSWORD HOST KEYS ADDRESS [OPTION...]: hold that Debian's client
# prints the password and nothing else.
debian() {
	debian_password=$1
	shift
	held 0 "$debian_password" '' fetch "$@"
}

# shut_out NAME [OPTION...]: hold that TLS never stands.
shut_out() {
	held 2 '' 'no handshake\n' asks "$@"
}

# --- addresses and keys

case_of debian__loopback 'Debian'\''s client over ::1 and 127.0.0.1'
debian__loopback_body() {
	host_new server
	mkdir -m 700 etc
	client_keys client
	client_section client client 'pass word %' >etc/clients.conf
	opens
	debian 'pass word %' server client ::1
	debian 'pass word %' server client 127.0.0.1
	server_stop server
	opens --no-ipv6
	debian 'pass word %' server client 127.0.0.1
	server_stop server
}

case_of debian__link_local 'Debian'\''s client over a link-local address'
debian__link_local_body() {
	host_new server
	host_new client
	host_join server s0 client c0
	mkdir -m 700 etc
	client_keys client
	client_section client client 'pass word' >etc/clients.conf
	address=$(host_linklocal server s0)

	opens
	debian 'pass word' client client "[$address]" --interface=c0
	logs "Sending secret to client at \\[fe80::.*%[0-9]*]"
	server_stop server

	# A server that listens there and nowhere else.
	opens --interface s0 --address "$address"
	debian 'pass word' client client "[$address]" --interface=c0
	atf_check -s exit:1 -o empty -e match:'no connection' \
	    ./at_server "$fetcher" -k client/tls-privkey.pem \
	    -u client/tls-pubkey.pem -p "$port"
	server_stop server
}

case_of debian__key_types 'every type of key with Debian'\''s client'
debian__key_types_body() {
	host_new server
	mkdir -m 700 etc
	client_keys pgp
	types='ed25519 ed448 secp256r1 secp384r1 secp521r1 rsa rsa-pss'
	for type in $types; do
		# One OpenPGP key for all.
		mkdir "$type"
		for file in gnupg pubkey.txt seckey.txt; do
			ln -s "$PWD/pgp/$file" "$type/$file"
		done
		tls_key "$type" "$type"
		client_section "$type" "$type" "for $type" >>etc/clients.conf
	done
	opens
	for type in $types; do
		debian "for $type" server "$type" ::1
		logs "Sending secret to $type at "
	done
	server_stop server
}

case_of debian__hello_retry 'Debian'\''s client asks for another group'
debian__hello_retry_body() {
	host_new server
	mkdir -m 700 etc
	client_keys client
	client_section client client 'pass word' >etc/clients.conf
	opens
	debian 'pass word' server client ::1 \
	    --priority="$priority:-GROUP-ALL:+GROUP-SECP384R1"
	server_stop server
}

case_of debian__comes_back 'Debian'\''s client waits until it is enabled'
debian__comes_back_body() {
	host_new server
	mkdir -m 700 etc
	client_keys client
	{
		client_section client client 'pass word'
		echo 'enabled = no'
	} >etc/clients.conf
	opens
	fetch server client ::1 --retry=1 >debian.out 2>debian.err &
	echo $! >debian.pid
	logs 'Client client is disabled'
	server_stop server
	sed -i 's/^enabled = no/enabled = yes/' etc/clients.conf
	opens
	status=0
	wait "$(cat debian.pid)" || status=$?
	atf_check_equal 0 "$status"
	atf_check -s exit:0 -o inline:'pass word' -e empty cat debian.out
	server_stop server
}

case_of hello_retry__groups_and_ciphers 'HelloRetryRequest with every hash'
hello_retry__groups_and_ciphers_body() {
	house
	opens
	for group in SECP256R1 SECP384R1 SECP521R1 X448 FFDHE3072; do
		gets good good -P "$priority:-GROUP-ALL:+GROUP-$group"
	done
	for cipher in AES-256-GCM AES-128-GCM CHACHA20-POLY1305; do
		for group in X25519 SECP384R1; do
			rest="-GROUP-ALL:+GROUP-$group:-CIPHER-ALL:+$cipher"
			gets good good -P "$priority:$rest"
		done
	done
	server_stop server
}

case_of priority__as_it_is 'the administrator'\''s priority is used as it is'
priority__as_it_is_body() {
	house
	echo "priority = $priority:-GROUP-ALL:+GROUP-SECP256R1" \
	    >>etc/mandos.conf
	opens
	gets good good
	shut_out good -P "$priority:-GROUP-ALL:+GROUP-X25519"
	gets good good -P "$priority:-GROUP-ALL:+GROUP-SECP256R1"
	server_stop server
	# The same client, and the priority of mandos.conf overridden.
	opens --priority ''
	gets good good -P "$priority:-GROUP-ALL:+GROUP-X25519"
	server_stop server
}

# --- who gets nothing

case_of unknown_key__nothing 'a key that is not enrolled gets nothing'
unknown_key__nothing_body() {
	house
	key stranger
	opens
	gets '' stranger
	logs 'Client not found for key ID: [0-9A-F]\{64\}, address: \[::1\]:'
	gets good good
	server_stop server
}

case_of disabled__nothing 'a client with enabled = no gets nothing'
disabled__nothing_body() {
	house
	key off
	section off 'enabled = no'
	opens
	gets '' off
	logs 'Client off is disabled'
	gets good good
	server_stop server
}

case_of wrong_proof__nothing 'the public half of a key is not enough'
wrong_proof__nothing_body() {
	house
	key victim
	section victim
	key thief
	cp victim.pub thief.pub
	opens
	shut_out thief
	logs 'Handshake failed: .*, from \[::1\]:[0-9]'
	gets good good
	gets victim victim
	server_stop server
	atf_check -s exit:0 -o inline:'1\n' -e empty \
	    grep -c 'Sending secret to victim' server.log
}

case_of approval__by_default 'served when the delay is over'
approval__by_default_body() {
	house
	key later
	section later 'approval_delay = PT1S' 'approved_by_default = yes'
	opens
	begin=$(date +%s%3N)
	gets later later
	[ $(($(date +%s%3N) - begin)) -ge 1000 ] ||
	    atf_fail 'the secret came before the delay was over'
	logs 'Client later needs approval'
	logs 'Sending secret to later'
	gets good good
	server_stop server
}

case_of approval__withheld 'nothing when the delay is over'
approval__withheld_body() {
	house
	key never
	section never 'approval_delay = PT1S' 'approved_by_default = no'
	opens
	gets '' never
	logs 'Client never needs approval'
	logs 'Client never timed out while waiting for approval'
	gets good good
	server_stop server
	atf_check -s exit:1 -o empty -e empty \
	    grep 'Sending secret to never' server.log
}

case_of approval__peer_gone 'nobody waits for a client that has hung up'
approval__peer_gone_body() {
	house
	key never
	section never 'approval_delay = P1D'
	opens
	gets good good
	wait_for 5 sessions_rest
	./at_server "$fetcher" -k never.key -u never.pub -p "$port" \
	    >gone.out 2>gone.err &
	peer=$!
	logs 'Client never needs approval'
	wait_for 5 sessions_work
	kill "$peer"
	wait_for 5 sessions_rest
	atf_check -s exit:0 -o empty -e empty cat gone.out
	gets good good
	server_stop server
}

# sessions_rest, sessions_work: no session has a connection, or some has.
sessions_rest() {
	[ "$(at server ss -Htn state connected exclude time-wait \
	    "sport = :$port" | wc -l)" -eq 0 ]
}

sessions_work() {
	! sessions_rest
}

case_of tls12__nothing 'a peer that knows TLS 1.2 only gets nothing'
tls12__nothing_body() {
	house
	opens
	shut_out good \
	    -P 'NORMAL:-CTYPE-ALL:+CTYPE-RAWPK:-VERS-ALL:+VERS-TLS1.2'
	logs 'Handshake failed: .*, from \[::1\]:[0-9]'
	gets good good
	server_stop server
}

case_of x509__nothing 'a peer with an X.509 certificate gets nothing'
x509__nothing_body() {
	need certtool python3
	house
	key peer rsa
	printf 'cn = peer\nexpiration_days = 2\n' >template
	atf_check -s exit:0 -o ignore -e ignore certtool \
	    --generate-self-signed --load-privkey peer.key \
	    --template template --outfile peer.crt
	opens
	# GnuTLS would put up with it.
	atf_check -s exit:0 -o inline:'0 bytes\n' -e empty \
	    ./at_server python3 "$talk" x509 "$port" peer.crt peer.key
	logs 'Bad certificate: not a raw public key, from \[::1\]:[0-9]'
	gets good good
	server_stop server
}

case_of environment__no_key_log 'no variable makes GnuTLS log session keys'
environment__no_key_log_body() {
	house
	SSLKEYLOGFILE=$(pwd)/keys.log
	export SSLKEYLOGFILE
	opens
	# The client in this test has GnuTLS, too.
	unset SSLKEYLOGFILE
	gets good good
	atf_check -s exit:1 -o empty -e empty test -e keys.log
	server_stop server
}

case_of first_line__bad 'not a byte for who begins otherwise'
first_line__bad_body() {
	need python3
	house
	opens
	# One that has proven a key can be as bad as he likes and is heard.
	gets good good
	set -- '2\r\n' '1_0\r\n' '99999999999999999999\r\n' '\r\n' '' \
	    '1.0\r\n' '0x1\r\n' 'foo\r\n' '1t\r\n' '\xff\xfe\r\n' \
	    '1 \xff\r\n' 'GET / HTTP/1.0\r\n\r\n' '\x16\x03\x01\x02\x00\r\n'
	for line; do
		printf '%s: 0 bytes\n' "$line"
	done >expected
	atf_check -s exit:0 -o save:out -e empty \
	    ./at_server python3 "$talk" lines "$port" "$@"
	atf_check -s exit:0 -o empty -e empty diff -u expected out
	logs "Unknown protocol version: 'foo.*' from \[::1\]:[0-9]"
	wait_for 5 said_no $#
	gets good good
	server_stop server
}

# said_no COUNT: so many have been turned down for their first line.
said_no() {
	[ "$(grep -c 'Unknown protocol version' server.log)" -eq "$1" ]
}

case_of first_line__good 'older versions, and words behind the number'
first_line__good_body() {
	house
	opens
	cr=$(printf '\r')
	for line in "1$cr
" "0$cr
" "-7
" "  1	$cr
" "1 foo bar$cr
"; do
		gets good good -l "$line"
	done
	server_stop server
}

# --- secrets of every size

case_of secret__sizes 'from no byte to the most there may be'
secret__sizes_body() {
	house
	mkdir -m 700 keep
	head -c 65536 /dev/urandom >keep/most
	head -c 65535 /dev/urandom >keep/less
	: >keep/none
	chmod 600 keep/*
	for name in none less most; do
		key "$name"
		printf '[%s]\nkey_id = %s\nsecfile = %s\n' "$name" \
		    "$(key_id_of "$name")" "$PWD/keep/$name" \
		    >>etc/clients.conf
	done
	# The same as base64 in clients.conf.
	key inline
	printf '[inline]\nkey_id = %s\nsecret =\n' "$(key_id_of inline)" \
	    >>etc/clients.conf
	base64 keep/most | sed 's/^/	/' >>etc/clients.conf
	key empty
	printf '[empty]\nkey_id = %s\nsecret =\n' "$(key_id_of empty)" \
	    >>etc/clients.conf
	cp keep/most keep/inline
	cp keep/none keep/empty

	opens
	for name in none less most inline empty; do
		atf_check -s exit:0 -o file:"keep/$name" -e inline:'ok\n' \
		    ./at_server "$fetcher" -k "$name.key" -u "$name.pub" \
		    -p "$port"
		logs "Sending secret to $name at "
	done
	server_stop server
}

# key_id_of NAME: print the key ID of one of our own client's keys.
key_id_of() {
	"$fetcher" -S x -k "$1.key" -u "$1.pub" </dev/null |
	    sed -n 's/^key_id *= *//p'
}

atf_init_test_cases() {
	atf_add_test_case debian__loopback
	atf_add_test_case debian__link_local
	atf_add_test_case debian__key_types
	atf_add_test_case debian__hello_retry
	atf_add_test_case debian__comes_back
	atf_add_test_case hello_retry__groups_and_ciphers
	atf_add_test_case priority__as_it_is
	atf_add_test_case unknown_key__nothing
	atf_add_test_case disabled__nothing
	atf_add_test_case wrong_proof__nothing
	atf_add_test_case approval__by_default
	atf_add_test_case approval__withheld
	atf_add_test_case approval__peer_gone
	atf_add_test_case tls12__nothing
	atf_add_test_case x509__nothing
	atf_add_test_case environment__no_key_log
	atf_add_test_case first_line__bad
	atf_add_test_case first_line__good
	atf_add_test_case secret__sizes
}
