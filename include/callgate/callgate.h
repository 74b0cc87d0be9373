/* callgate/callgate.h - everything the library promises. */
#ifndef CALLGATE_CALLGATE_H
#define CALLGATE_CALLGATE_H

#include <callgate/arch.h>
#include <callgate/chain.h>
#include <callgate/error.h>
#include <callgate/format.h>
#include <callgate/lift.h>
#include <callgate/lint.h>
#include <callgate/live.h>
#include <callgate/load.h>
#include <callgate/merge.h>
#include <callgate/noproc.h>
#include <callgate/notify.h>
#include <callgate/policy.h>
#include <callgate/profile.h>
#include <callgate/program.h>
#include <callgate/prove.h>
#include <callgate/record.h>
#include <callgate/registry.h>
#include <callgate/rules.h>
#include <callgate/run.h>
#include <callgate/scmp.h>
#include <callgate/watch.h>
#include <callgate/write.h>

#endif
