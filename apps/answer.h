// How a command answers: its result on stdout, or one line on stderr, and the exit status that goes with it.
#ifndef JEVONS_APPS_ANSWER_H_
#define JEVONS_APPS_ANSWER_H_

#include <string_view>

#include "base/result.h"

namespace jevons {

// Tells the error and returns kExitBadInput: an output that cannot be written is bad input as a trace that cannot be
// read is.
int refuse(const Error& error);

// Prints to stdout and flushes, so that a disk that is full or a pipe that is closed is an error here and not lost at
// exit.
Status print(std::string_view text);

// print(), as an exit status: kExitOk, or the error refused.
int answer(std::string_view text);

}  // namespace jevons
#endif  // JEVONS_APPS_ANSWER_H_
