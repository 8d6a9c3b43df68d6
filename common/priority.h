/* SPDX-License-Identifier: ISC */
/*
 * The default TLS priority: the original's, but with X25519 as the first
 * group, because with it a connection costs least.
 */
#ifndef PRIORITY_H
#define PRIORITY_H

#define PRIORITY_DEFAULT						\
	"SECURE128:!CTYPE-X.509:+CTYPE-RAWPK:!RSA:!VERS-ALL:+VERS-TLS1.3:" \
	"%PROFILE_ULTRA:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"	\
	"+GROUP-SECP384R1:+GROUP-SECP521R1:+GROUP-X448:"		\
	"+GROUP-FFDHE2048:+GROUP-FFDHE3072:+GROUP-FFDHE4096:"		\
	"+GROUP-FFDHE6144:+GROUP-FFDHE8192"

#endif
