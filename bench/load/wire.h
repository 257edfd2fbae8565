/*
 * How bytes travel: over TCP, or over TLS when compiled with -DWITH_TLS -lssl -lcrypto. Both answer as read() and write() on a
 * non-blocking socket do: -1 with EAGAIN in errno where nothing can be had now.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in address;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* The process ends here when the server does what no server under load should. */
static void refuse(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static int connect_socket(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) fail("socket");
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  return fd;
}

#ifndef WITH_TLS

typedef struct {
  int fd;
} wire;

static void wire_open(wire *w) { w->fd = connect_socket(); }
/* As a process that ends: a reset would have every server make an error with its stack, which is no part of a handshake. */
static void wire_close(wire *w) { close(w->fd); }
static ssize_t wire_read(wire *w, void *bytes, size_t length) { return read(w->fd, bytes, length); }
static ssize_t wire_write(wire *w, const void *bytes, size_t length) { return write(w->fd, bytes, length); }
static int wire_has_more(wire *w) { return (void)w, 0; }

#else
#include <openssl/ssl.h>

typedef struct {
  int fd;
  SSL *ssl;
} wire;

static SSL_CTX *tls(void) {
  static SSL_CTX *context;
  if (context) return context;
  context = SSL_CTX_new(TLS_client_method());
  /* Read as much as there is, not record by record: the generator must be cheap. */
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, 1 << 16);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

static void wire_open(wire *w) {
  w->fd = connect_socket();
  w->ssl = SSL_new(tls());
  SSL_set_fd(w->ssl, w->fd);
  if (SSL_connect(w->ssl) != 1) refuse("the TLS handshake failed");
}

static void wire_close(wire *w) {
  SSL_free(w->ssl);
  close(w->fd);
}

static ssize_t told(wire *w, int result) {
  if (result > 0) return result;
  int error = SSL_get_error(w->ssl, result);
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) errno = EAGAIN;
  return -1;
}

static ssize_t wire_read(wire *w, void *bytes, size_t length) { return told(w, SSL_read(w->ssl, bytes, (int)length)); }
static ssize_t wire_write(wire *w, const void *bytes, size_t length) {
  return told(w, SSL_write(w->ssl, bytes, (int)length));
}
/* What was read ahead is not told by epoll again. */
static int wire_has_more(wire *w) { return SSL_has_pending(w->ssl); }

#endif
