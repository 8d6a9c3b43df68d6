/* SPDX-License-Identifier: ISC */
/*
 * Secrets in files of their own.  Run by the configuration reader when it has
 * nothing left but the right to read files; asks no name service, only
 * /etc/passwd.
 */
#include "conf.h"

#include <sys/types.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define PASSWD_FILE "/etc/passwd"
#define NAME_CHARS							\
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

static void
append(char **out, const char *p, size_t len)
{
	size_t used = *out != NULL ? strlen(*out) : 0;

	if ((*out = reallocarray(*out, used + len + 1, 1)) == NULL)
		fatal("reallocarray");
	memcpy(*out + used, p, len);
	(*out)[used + len] = '\0';
}

/*
 * The length of the variable that ${p} begins with, and where its name is; 0
 * if it is none.
 */
static size_t
find_variable(const char *p, const char **name, size_t *name_len)
{
	const char *end;

	if (p[0] != '$')
		return 0;
	*name = p + 1;
	if (p[1] == '{') {
		if ((end = strchr(p, '}')) == NULL)
			return 0;
		*name = p + 2;
		*name_len = (size_t)(end - *name);
		return (size_t)(end + 1 - p);
	}
	*name_len = strspn(p + 1, NAME_CHARS);
	return *name_len > 0 ? *name_len + 1 : 0;
}

static char *
expand_variables(const char *path)
{
	const char *name, *value;
	char *out = NULL, *copy;
	size_t len, name_len;

	append(&out, "", 0);
	while (*path != '\0') {
		if ((len = find_variable(path, &name, &name_len)) == 0) {
			append(&out, path++, 1);
			continue;
		}
		if ((copy = strndup(name, name_len)) == NULL)
			fatal("strndup");
		if ((value = getenv(copy)) != NULL)
			append(&out, value, strlen(value));
		else
			append(&out, path, len);
		free(copy);
		path += len;
	}
	return out;
}

/* The home directory of a user, or of our own uid for NULL; to be freed. */
static char *
find_home(const char *user)
{
	/* The same as getuid(2), without a system call for the filter. */
	uid_t uid = (uid_t)getauxval(AT_UID);
	struct passwd *pw;
	char *home = NULL;
	FILE *f;

	if ((f = fopen(PASSWD_FILE, "re")) == NULL)
		return NULL;
	while (home == NULL && (pw = fgetpwent(f)) != NULL)
		if (user != NULL ? strcmp(pw->pw_name, user) == 0 :
		    pw->pw_uid == uid)
			home = strdup(pw->pw_dir);
	fclose(f);
	return home;
}

static char *
expand_home(char *path)
{
	const char *variable;
	char *home, *user, *out = NULL;
	size_t len = strcspn(path, "/"), home_len;

	if (path[0] != '~')
		return path;
	if (len == 1 && (variable = getenv("HOME")) != NULL)
		home = strdup(variable);
	else {
		if ((user = strndup(path + 1, len - 1)) == NULL)
			fatal("strndup");
		home = find_home(len > 1 ? user : NULL);
		free(user);
	}
	if (home == NULL)
		return path;
	home_len = strlen(home);
	while (home_len > 0 && home[home_len - 1] == '/')
		home_len--;
	append(&out, home, home_len);
	append(&out, path + len, strlen(path + len));
	if (*out == '\0')
		append(&out, "/", 1);
	free(home);
	free(path);
	return out;
}

char *
secfile_expand(const char *path)
{
	return expand_home(expand_variables(path));
}

/* Only a regular file: any other may keep us waiting, or have no end. */
static int
open_regular(const char *path, const char **why)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1)
		*why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		*why = "it is no regular file";
	else
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

uint8_t *
secfile_read(const char *path, size_t *len, const char **why)
{
	uint8_t *secret;
	ssize_t n = 1;
	int fd;

	if ((fd = open_regular(path, why)) == -1)
		return NULL;
	if ((secret = calloc(1, SECRET_MAX + 1)) == NULL)
		fatal("calloc");
	*len = 0;
	*why = NULL;
	/* One byte more than there may be, to see that there are more. */
	while (*why == NULL && n != 0 && *len <= SECRET_MAX) {
		n = read(fd, secret + *len, SECRET_MAX + 1 - *len);
		if (n > 0)
			*len += (size_t)n;
		else if (n == -1 && errno != EINTR)
			*why = strerror(errno);
	}
	close(fd);
	if (*len > SECRET_MAX)
		*why = "it is too large";
	if (*why == NULL)
		return secret;
	freezero(secret, SECRET_MAX + 1);
	return NULL;
}
