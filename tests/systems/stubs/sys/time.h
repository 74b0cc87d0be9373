/* Some systems want it before sys/resource.h. */
