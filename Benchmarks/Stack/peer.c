// SPDX-License-Identifier: BSD-2-Clause
//
// What lwIP takes for what StackBench does: an IP datagram in a pbuf, through ip4_input to a UDP control
// block, whose callback sends it back; what comes out is counted and freed. The raw API, one thread.
//
// The packaged library has its memory from malloc, pools too, and overruns pbufs of the pool that are
// longer than one: so they are PBUF_RAM.
//
//     peer udp64|udp1400|fragments4000|sockets:N ROUNDS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lwip/init.h>
#include <lwip/ip4.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>

static unsigned long sent;

static err_t output(struct netif *netif, struct pbuf *p, const ip4_addr_t *to) {
  (void)netif, (void)p, (void)to;
  sent++;
  return ERR_OK;
}

static err_t initialize(struct netif *netif) {
  netif->name[0] = 'b', netif->name[1] = 'e';
  netif->mtu = 1500;
  netif->output = output;
  return ERR_OK;
}

static void echo(void *context, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port) {
  (void)context;
  udp_sendto(pcb, p, from, port);
  pbuf_free(p);
}

static unsigned sum(const unsigned char *bytes, size_t count, unsigned start) {
  for (size_t i = 0; i + 1 < count; i += 2) start += bytes[i] << 8 | bytes[i + 1];
  if (count & 1) start += bytes[count - 1] << 8;
  while (start >> 16) start = (start & 0xffff) + (start >> 16);
  return start;
}

struct piece {
  unsigned char bytes[1500];
  size_t count;
};

/// The datagram that a client sends, in fragments of 1,500 bytes at most.
static int make(struct piece *pieces, size_t payload) {
  static unsigned char udp[65536];
  size_t count = payload + 8;
  memset(udp, 0, count);
  udp[0] = 5000 >> 8, udp[1] = 5000 & 255, udp[3] = 7, udp[4] = count >> 8, udp[5] = count & 255;
  unsigned char pseudo[12] = {10, 0, 0, 2, 10, 0, 0, 1, 0, 17, count >> 8, count & 255};
  unsigned check = 0xffff & ~sum(udp, count, sum(pseudo, 12, 0));
  udp[6] = check >> 8, udp[7] = check & 255;
  int made = 0;
  for (size_t offset = 0; offset < count; made++) {
    size_t room = 1480, left = count - offset, take = left < room ? left : room;
    unsigned char *p = pieces[made].bytes;
    unsigned field = offset / 8 | (take < left ? 0x2000 : 0);
    unsigned char header[20] = {0x45, 0, (take + 20) >> 8, (take + 20) & 255, 0, 9, field >> 8,
                                field & 255, 64, 17, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1};
    unsigned own = 0xffff & ~sum(header, 20, 0);
    header[10] = own >> 8, header[11] = own & 255;
    memcpy(p, header, 20);
    memcpy(p + 20, udp + offset, take);
    pieces[made].count = take + 20;
    offset += take;
  }
  return made;
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: peer NAME ROUNDS\n"), 64;
  long rounds = atol(argv[2]);
  size_t payload = strstr(argv[1], "1400") ? 1400 : strstr(argv[1], "4000") ? 4000 : 64;
  int others = strncmp(argv[1], "sockets:", 8) == 0 ? atoi(argv[1] + 8) : 0;
  lwip_init();
  struct netif netif;
  ip4_addr_t address, mask, none;
  IP4_ADDR(&address, 10, 0, 0, 1);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  IP4_ADDR(&none, 0, 0, 0, 0);
  netif_add(&netif, &address, &mask, &none, NULL, initialize, ip4_input);
  netif_set_default(&netif);
  netif_set_up(&netif);
  netif_set_link_up(&netif);
  for (int i = 0; i < others; i++) {
    struct udp_pcb *other = udp_new();
    if (!other || udp_bind(other, IP4_ADDR_ANY, 10000 + i) != ERR_OK) {
      fprintf(stderr, "only %d sockets\n", i);
      break;
    }
  }
  struct udp_pcb *pcb = udp_new();
  udp_bind(pcb, IP4_ADDR_ANY, 7);
  udp_recv(pcb, echo, NULL);
  static struct piece pieces[64];
  int count = make(pieces, payload);
  struct timespec start, end;
  for (int part = 0; part < 2; part++) {
    sent = 0;
    long todo = part == 0 ? rounds / 10 + 1 : rounds;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long round = 0; round < todo; round++)
      for (int i = 0; i < count; i++) {
        struct pbuf *p = pbuf_alloc(PBUF_RAW, pieces[i].count, PBUF_RAM);
        if (!p) return fprintf(stderr, "no pbuf in round %ld\n", round), 1;
        pbuf_take(p, pieces[i].bytes, pieces[i].count);
        if (netif.input(p, &netif) != ERR_OK) return fprintf(stderr, "refused\n"), 1;
      }
    clock_gettime(CLOCK_MONOTONIC, &end);
  }
  double nanoseconds = (end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec);
  printf("%s %.1f ns, %lu frames sent\n", argv[1], nanoseconds / rounds, sent);
  return 0;
}
