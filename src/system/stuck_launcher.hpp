#pragma once

namespace hourglass {

/// Sees to it that the launcher does not outlive a job that this process is about to end. mpirun,
/// told of a rank that failed, waits for the daemons of all hosts to say that theirs are gone: for
/// ever, when a host cannot be reached. So a process of its own is left behind, which waits
/// `patience` seconds, and if this process' parent still runs then, and is one of Open MPI's
/// (mpirun or a host's orted), ends it. Any other parent (a shell, Slurm's) is left alone.
void end_launcher_after(double patience);

}  // namespace hourglass
