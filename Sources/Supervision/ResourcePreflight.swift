public import Core
import Glibc
import System

/// Checks the resources of this machine before work begins, so that it does not fail later.
public enum ResourcePreflight {
    /// Checks that another command can be started.
    ///
    /// - Parameters:
    ///   - directory: a directory on the file system that will be written.
    ///   - bytes: the required free bytes.
    ///   - descriptors: the required number of further open files of this process.
    /// - Throws: `Failure` of the category `unavailable` that names the resource and the amount that is missing.
    public static func check(
        _ directory: String, bytes: Int = 2 << 30, descriptors: Int = 64
    ) throws(Failure) {
        let free = freeBytes(at: directory)
        guard free >= bytes else {
            throw Failure(
                .unavailable, "\(directory): \(free >> 20) MiB free, \(bytes >> 20) MiB are needed to start a job",
                hint: "free some disk space, or move the store by --store")
        }
        let files = freeFiles(at: directory)
        guard files >= 10_000 else {
            throw Failure(
                .unavailable, "\(directory): \(files) more files can be created, 10000 are needed to start a job",
                hint: "remove files, or move the store by --store to a file system with more inodes")
        }
        let left = descriptorLimit() - names(in: "/proc/self/fd").count
        guard left >= descriptors else {
            throw Failure(
                .unavailable, "\(left) more files can be opened, \(descriptors) are needed to start a job",
                hint: "raise the limit on open files (ulimit -n)")
        }
    }

    /// Raises the limit on open files of this process to the maximum: the default of 1024 is soon reached.
    public static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// The limit on open files of this process.
    package static func descriptorLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }
}
