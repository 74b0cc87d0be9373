/* As crc.c, by many bytes at a time. */
#include <zlib.h>

#include "sink/spool.h"

uint32_t spool_crc(uint32_t crc, const void *bytes, size_t length)
{
	return (uint32_t)crc32_z(crc, bytes, length);
}
