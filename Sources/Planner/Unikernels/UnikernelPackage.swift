internal import Core
package import Matrix
package import Model
package import OpamFormat

/// A unikernel for one backend, and the files of its source that are needed for planning.
package struct UnikernelPackage: Sendable {
    /// The entry in the matrix.
    package var entry: UnikernelEntry
    /// The backend and the arguments.
    package var variant: UnikernelEntry.Variant
    /// The unikernel's directory, at an exact commit or with a checksum.
    package var source: Source
    /// The input of `mirage configure`: `config.ml` and further files named by the matrix.
    package var configureFiles: PackageFiles

    package init(
        entry: UnikernelEntry, variant: UnikernelEntry.Variant, source: Source, configureFiles: PackageFiles
    ) {
        self.entry = entry
        self.variant = variant
        self.source = source
        self.configureFiles = configureFiles
    }

    /// The package of the cell.
    package var package: PackageVersion { PackageVersion(name: entry.name.value, version: variant.version) }

    /// The names of both packages.
    var packageNames: [String] { [package.name, configurePackage.name] }

    /// The package whose job configures it.
    package var configurePackage: PackageVersion {
        PackageVersion(name: entry.configureName, version: variant.version)
    }
}

/// How far a unikernel can be planned at present.
package enum UnikernelStage: Sendable {
    /// Its configure job must run first.
    case unconfigured
    /// All its sources are known.
    case locked(PackageFiles)
    /// It cannot be locked: the reason, and the constraint that it reduces to.
    case unlockable(String, UnsolvableCause? = nil)
}

/// A unikernel among the packages of a source.
package struct PlannedUnikernel: Sendable {
    /// The unikernel.
    package var unikernel: UnikernelPackage
    /// How far it can be planned.
    package var stage: UnikernelStage

    package init(_ unikernel: UnikernelPackage, _ stage: UnikernelStage) {
        self.unikernel = unikernel
        self.stage = stage
    }

    /// The files of its build.
    var files: PackageFiles {
        if case .locked(let files) = stage { return files }
        return UnikernelRecipe(unikernel).placeholder
    }

    /// The files of its run; nil if it is not run.
    var runFiles: PackageFiles? { UnikernelRecipe(unikernel).run }

    /// The time limit of its run in seconds.
    var runTime: Int? { unikernel.entry.runs[unikernel.variant.backend]?.time }

    /// A text that changes whenever its jobs change.
    var fingerprint: String {
        var reason = ""
        if case .unlockable(let text, _) = stage { reason = text }
        let parts = [
            unikernel.variant.version, files.digest.hex, runFiles?.digest.hex ?? "", runTime.map(String.init) ?? "",
            reason,
        ]
        return parts.joined(separator: " ")
    }
}
