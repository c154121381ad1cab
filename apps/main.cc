// The program `jevons`: the command line with the policies the project ships.
#include "apps/command_line.h"
#include "policies/catalogue.h"

int main(int argc, char** argv) { return jevons::run_command_line(argc, argv, jevons::builtin_policies()); }
