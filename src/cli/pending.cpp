#include "command.hpp"
namespace hourglass {
Command import_command(){return {"import"};}
Command encode_command(){return {"encode"};}
Command reconstruct_command(){return {"reconstruct"};}
Command inspect_command(){return {"inspect"};}
}
