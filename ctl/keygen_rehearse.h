/* SPDX-License-Identifier: ISC */
/*
 * The rehearsal of a boot, all in the second process of mandos-keygen: what is
 * in the boot image, what the kernel and plugin-runner are told, and why a
 * server has given no password.
 */
#ifndef KEYGEN_REHEARSE_H
#define KEYGEN_REHEARSE_H

#include <sys/types.h>
#include <sys/socket.h>

#include "keygen.h"

#define IMAGE_TEXT_MAX 65536	/* bytes of a configuration file in an image */
#define SERVERS_MAX 16

/* A file in an image, as far as it matters whether it can be used there. */
struct image_file {
	char path[64];		/* "": it is not there */
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* What in an image has to do with Mandos. */
struct image {
	struct image_file keys[KEY_FILES];
	struct buf key_bytes[KEY_FILES];
	struct image_file client;	/* mandos-client */
	struct image_file runner;	/* plugin-runner */
	struct image_file agent;	/* password-agent */
	struct image_file gpg;
	struct image_file gpg_agent;
	struct image_file conf;		/* plugin-runner.conf */
	struct buf conf_bytes;
	struct image_file crypttab;	/* of initramfs-tools */
	struct buf crypttab_bytes;
	size_t files;			/* of any kind */
};

/* keygen_image.c */

/*
 * image_read(image, fd, why): read a boot image, which is one or more archives
 * of the kind that the kernel unpacks, compressed or not.  Returns 0, or -1
 * and a reason, which lasts until the next call.
 */
int image_read(struct image *, int, const char **);
void image_free(struct image *);

/* keygen_boot.c */

/* What the client is going to be told. */
struct boot {
	int is_off;		/* mandos=off */
	int is_disabled;	/* plugin-runner does not start it */
	char connect[256];	/* "": Zeroconf */
	char priority[1024];	/* "": the default */
	long uid;		/* as plugin-runner has it; -1: not known */
	long gid;
};

void boot_init(struct boot *);

/* boot_read_cmdline(boot, text): the kernel's command line. */
void boot_read_cmdline(struct boot *, const char *);

/*
 * boot_read_runner(boot, text): plugin-runner.conf.  What the kernel is told
 * comes after it.
 */
void boot_read_runner(struct boot *, const char *);

/* keygen_browse.c */

/* Where a server is. */
struct server {
	struct sockaddr_storage address;
	socklen_t len;
};

/*
 * servers_browse(servers, seconds): find servers by Zeroconf, at most
 * SERVERS_MAX.  Returns how many, or -1 after a message.
 */
int servers_browse(struct server *, unsigned int);

/* servers_resolve(servers, text): the same for ADDRESS:PORT. */
int servers_resolve(struct server *, const char *);

/* keygen_probe.c */

enum probe_result {
	PROBE_UNREACHABLE,	/* no connection */
	PROBE_NO_TLS,		/* no session with our key */
	PROBE_REFUSED,		/* a session, and nothing in it, at once */
	PROBE_NOT_APPROVED,	/* the same after some time */
	PROBE_SILENT,		/* nothing until our time was up */
	PROBE_BROKEN,		/* what came has no proper end */
	PROBE_SECRET
};

struct probe {
	enum probe_result result;
	char where[128];	/* the server's address */
	char why[128];		/* of the system or of GnuTLS */
	struct buf secret;	/* with PROBE_SECRET; to be freed */
};

/*
 * probe_server(probe, server, private, public, seconds): ask a server for the
 * secret of this TLS key, for the reason why a client gets no password.
 */
void probe_server(struct probe *, const struct server *, const struct buf *,
    const struct buf *, unsigned int);

/* keygen_pgp.c */

/*
 * pgp_try_open(pgp, secret, password): decrypt with the keys imported.  Returns
 * NULL, or why that is not possible.
 */
const char *pgp_try_open(struct pgp *, const struct buf *, struct buf *);

#endif
