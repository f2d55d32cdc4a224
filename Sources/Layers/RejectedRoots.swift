internal import Archive
internal import Core
import Glibc
import Supervision
import System

/// Root file systems that were bootstrapped successfully but failed their check. They are kept so that a corrected
/// description need not bootstrap again.
///
/// ```
/// RECIPE/root      the root file system that the bootstrap RECIPE created
/// RECIPE/DIGEST    an empty file: the check of the environment DIGEST rejected it
/// ```
///
/// A root file system is not reused for a description that it has already failed: a second attempt with the same
/// description means that something else has changed, and bootstraps from scratch.
struct RejectedRoots {
    /// The directory of the root file systems.
    let directory: String
    /// The number of root file systems that are kept; older ones are removed.
    static let limit = 4

    /// Moves the root file system created by `recipe` to `root`.
    ///
    /// - Returns: false if there is none, or it has already failed the check of `environment`.
    func take(_ recipe: Digest, for environment: Digest, to root: String) -> Bool {
        let entry = "\(directory)/\(recipe)"
        guard access("\(entry)/\(environment)", F_OK) != 0 else { return false }
        return (try? Files.rename("\(entry)/root", root)) != nil
    }

    /// Keeps `root`, which was created by `recipe` and failed the check of `environment`.
    ///
    /// - Parameter isNew: whether it was just bootstrapped, so that earlier failures concern another root file system.
    func keep(_ root: String, createdBy recipe: Digest, rejectedBy environment: Digest, isNew: Bool) {
        let entry = "\(directory)/\(recipe)"
        if isNew { removeTree(entry) }
        do throws(Failure) {
            try Files.makeDirectories(entry, mode: 0o755)
            try Files.rename(root, "\(entry)/root")
            _ = try Files.File("\(entry)/\(environment)", O_WRONLY | O_CREAT, mode: 0o644)
        } catch {
            return
        }
        removeOldest()
    }

    /// Removes the root file system created by `recipe` after a later one has passed its check.
    func forget(_ recipe: Digest) {
        removeTree("\(directory)/\(recipe)")
    }

    private func removeOldest() {
        let entries = names(in: directory).map { name -> (path: String, changed: Int) in
            ("\(directory)/\(name)", FileStatus("\(directory)/\(name)")?.modified ?? 0)
        }
        for entry in entries.sorted(by: { $0.changed < $1.changed }).dropLast(Self.limit) { removeTree(entry.path) }
    }
}
