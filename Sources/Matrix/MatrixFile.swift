package import Core
package import YAML

/// A value in a matrix with its location.
package struct Located<Value: Sendable>: Sendable {
    /// The decoded value.
    package var value: Value
    /// The location of the value in the matrix.
    package var location: SourceLocation

    package init(_ value: Value, at location: SourceLocation) {
        self.value = value
        self.location = location
    }
}

extension Located: Equatable where Value: Equatable {}

/// A matrix file merged with the files that it extends. It is valid by itself, but not yet checked against plugins and
/// repositories.
package struct MatrixFile: Sendable {
    /// The name of the deployment, which is also the branch of its plans.
    package var deployment: Located<String>
    /// The description, for people.
    package var description: String?
    /// The repositories; earlier ones take precedence.
    package var repositories: [RepositoryEntry] = []
    /// The targets, in the order of the matrix.
    package var targets: [TargetEntry] = []
    /// The compilers, in the order of the matrix.
    package var compilers: [CompilerEntry] = []
    /// The selections of packages; cells are planned for packages that any of them selects.
    package var packages: [PackageSelection] = []
    /// Named selections, referred to by `set:`.
    package var sets: [String: [PackageSelection]] = [:]
    /// The pins in textual order.
    package var pins: [Pin] = []
    /// MirageOS unikernels in textual order.
    package var unikernels: [UnikernelEntry] = []
    /// The packages whose tests are run.
    package var withTest: Scope = .none
    /// The packages whose documentation is built.
    package var withDoc: Scope = .none
    /// The packages solved with the oldest possible versions of dependencies.
    package var lowerBounds: Scope = .none
    /// Cells added to those of targets × compilers × packages.
    package var include: [Inclusion] = []
    /// Excluded cells.
    package var exclude: [Exclusion] = []
    /// Cells whose failure does not make a run fail.
    package var acceptFailures: [AcceptedFailure] = []
    /// How often a failed job is repeated before a cell that was good is recorded as broken; nil for once.
    package var confirm: Int?
    /// The limits of jobs.
    package var limits = LimitTable()
    /// The rules that decide which jobs run first.
    package var schedule: [ScheduleRule] = []
    /// Files of other packages that some packages are allowed to change.
    package var allowedOverwrites: [OverwriteRule] = []
    /// The recipients of notices about new problems; nil if only those in the settings receive them.
    package var notices: NoticeRules?
    /// The texts of the files, for later diagnostics.
    package var sources: SourceTexts
    /// The file itself, without those that it extends; nil for a matrix that was not read from a file.
    package var text: SourceText?
}

/// A filter of names; without globs it matches all names.
package struct NameFilter: Sendable {
    /// The globs, one of which must match; if empty, every name matches.
    package var globs: [Located<Glob>]

    /// Matches every name.
    package static let any = NameFilter(globs: [])

    /// Whether a glob matches `name`, or there are no globs.
    package func matches(_ name: String) -> Bool {
        globs.isEmpty || globs.contains { $0.value.matches(name) }
    }
}

/// The packages that an option applies to.
package enum Scope: Sendable {
    case none, all
    case matching([Located<Glob>])

    /// Whether the scope lists packages by name.
    package var isByName: Bool {
        if case .matching = self { true } else { false }
    }

    /// Whether the scope contains the package.
    package func contains(_ name: String) -> Bool {
        switch self {
        case .none: false
        case .all: true
        case .matching(let globs): globs.contains { $0.value.matches(name) }
        }
    }
}

/// An opam repository, for all cells or as an overlay for some.
package struct RepositoryEntry: Sendable {
    /// The location of the repository: a URL or a path.
    package enum Address: Sendable, Hashable {
        case url(String)
        /// The path as written, and relative to the working directory.
        case path(written: String, resolved: String)

        /// The location as written.
        package var text: String {
            switch self {
            case .url(let url): url
            case .path(let written, _): written
            }
        }
    }

    /// The revision of a repository.
    package enum Revision: Sendable, Hashable {
        case head
        case ref(String)
        /// 40 hexadecimal digits.
        case commit(String)
    }

    /// The location of the repository.
    package var address: Located<Address>
    /// The revision of the repository.
    package var revision: Revision
    /// The priority: greater values take precedence, equal ones in textual order.
    package var priority: Int
    /// The targets to which the entry applies.
    package var targets: NameFilter
    /// The compilers to which the entry applies.
    package var compilers: NameFilter

    package init(
        address: Located<Address>, revision: Revision, priority: Int, targets: NameFilter, compilers: NameFilter
    ) {
        self.address = address
        self.revision = revision
        self.priority = priority
        self.targets = targets
        self.compilers = compilers
    }
}

/// An operating system, its version and an architecture.
package struct TargetEntry: Sendable {
    /// Where the jobs of a target run.
    package enum Backend: Sendable, Hashable {
        /// In a sandbox on the worker's machine.
        case sandbox
        /// On one of these machines, reached by ssh.
        case ssh([HostAddress])
        /// In a virtual machine on the worker's machine.
        case machine(MachineEntry)
    }

    /// The program that carries out the recipes of packages.
    package enum Engine: String, Sendable, Hashable, CaseIterable {
        /// The runner.
        case recipe
        /// The target's opam client.
        case opam
    }

    /// The name in cells and globs.
    package var name: Located<String>
    /// The name of the plugin; nil for the one that serves the target's name.
    package var plugin: Located<String>?
    /// The OCI image that its packages are built in; a layout's directory is relative to the working directory.
    package var image: Located<ImageReference>?
    /// The version of the system; nil for that in the name: `12` for `debian-12`.
    package var version: String?
    /// The architecture; nil for the worker's.
    package var arch: String?
    /// Options for the plugin.
    package var options: [String: String]
    /// Where the jobs run.
    package var backend: Backend
    /// The labels that workers need, unique and sorted.
    package var labels: [String] = []
    /// The program that carries out recipes, with its location in the matrix; nil for the runner.
    package var engine: Located<Engine>?
    /// Whether failures of its cells make a run fail.
    package var isRequired: Bool
}

/// An OCaml compiler.
package struct CompilerEntry: Sendable {
    /// The name in cells.
    package var name: Located<String>
    /// The version of OCaml.
    package var version: String
    /// Whether it is the distribution's own compiler.
    package var isSystem: Bool
    /// Additional opam packages such as options, optionally with versions.
    package var packages: [Located<PackagePattern>]
    /// The targets to which the compiler applies.
    package var targets: NameFilter
}

/// A set of packages, which is added to or removed from those of previous selections.
package struct PackageSelection: Sendable {
    /// The base of a selection: names, a set, a file, a tag, a maintainer.
    package enum Source: Sendable {
        case all
        /// Packages that match one of these patterns.
        case patterns([PackagePattern])
        case set(String)
        /// Packages with this tag, such as `org:mirage`: an element of the field `tags`.
        case tag(Glob)
        /// Packages with this maintainer: an element of the field `maintainer`.
        case maintainer(Glob)
        /// Packages that depend on one of these within `depth` steps; nil for any number of steps.
        case reverseDependencies([PackagePattern], depth: Int?)
        /// Removes the packages that match.
        case except(PackagePattern)
    }

    /// The versions that are planned of each package.
    package enum Versions: String, Sendable, CaseIterable {
        /// The newest available version.
        case latest
        case all
        /// The oldest available version.
        case oldest
    }

    /// The base of the selection.
    package var source: Located<Source>
    /// The versions that are planned of each selected package.
    package var versions: Versions
    /// Whether the selection may be empty, which is otherwise an error.
    package var isOptional: Bool
    /// The targets to which the selection applies.
    package var targets: NameFilter
    /// The compilers to which the selection applies.
    package var compilers: NameFilter
}

/// A package pinned to a version, optionally with its own opam file or source.
package struct Pin: Sendable {
    /// The source of a package, which also contains its opam file.
    package struct Source: Sendable, Hashable {
        /// The location of the source: a URL or a path.
        package enum Address: Sendable, Hashable {
            /// A URL in opam's notation: `git+https://…#branch`, `https://…/a.tgz`.
            case url(String)
            /// A directory or an archive, relative to the working directory.
            case path(String)
        }

        /// The location of the source.
        package var address: Address
        /// A branch, tag or commit of a git repository.
        package var ref: String?
        /// The checksum of an archive: `sha256=…`.
        package var checksum: String?
        /// The package's directory in the source.
        package var subpath: String?

        package init(_ address: Address, ref: String? = nil, checksum: String? = nil, subpath: String? = nil) {
            self.address = address
            self.ref = ref
            self.checksum = checksum
            self.subpath = subpath
        }
    }

    /// The name of the package.
    package var name: Located<String>
    /// The version in the matrix or otherwise in the pinned opam file; nil until it is known.
    package var givenVersion: String?
    /// The version to which the package is pinned.
    package var version: String { givenVersion ?? "dev" }
    /// The opam file that replaces the repository's; its path is relative to the working directory.
    package var opamFile: Located<String>?
    /// The source that replaces the repository's; nil if only the version is pinned.
    package var source: Located<Source>?

    package init(
        name: Located<String>, version: String? = nil, opamFile: Located<String>? = nil, source: Located<Source>? = nil
    ) {
        self.name = name
        givenVersion = version
        self.opamFile = opamFile
        self.source = source
    }

    /// Whether its files replace those of a repository.
    package var hasFiles: Bool { opamFile != nil || source != nil }
}

/// Cells added to those of targets × compilers × packages.
package struct Inclusion: Sendable {
    /// The targets of the cells.
    package var target: Located<Glob>
    /// The compilers of the cells.
    package var compiler: Glob
    /// The packages and versions of the cells.
    package var package: PackagePattern
    /// The reason, for people; nil if none is given.
    package var reason: String?
}

/// Cells that are excluded.
package struct Exclusion: Sendable {
    /// The selectors of the cells.
    package var cells: [Located<CellPattern>]
    /// The reason, for people.
    package var reason: String
}

/// Cells with a known failure, which does not make a run fail.
package struct AcceptedFailure: Sendable {
    /// The selectors of the cells.
    package var cells: [Located<CellPattern>]
    /// The reason, for people.
    package var reason: String
    /// The last day of validity.
    package var expires: Located<CalendarDate>?
    /// The phase that may fail, one of `phases`; nil for any phase.
    package var phase: String?
    /// A glob that the failure's signature must match; nil for any signature.
    package var signature: String?
    /// The address of the issue about the failure.
    package var tracker: String?

    /// The phases of a job that may fail.
    package static let phases = ["fetch", "depext", "configure", "build", "test", "install"]
}

/// The recipients of notices about new problems.
package struct NoticeRules: Sendable {
    /// A recipient of mail.
    package struct Recipient: Sendable {
        /// The cells that a recipient is interested in.
        package enum Interest: Sendable {
            case cells([Located<CellPattern>])
            /// A glob for an element of the field `maintainer`.
            case maintainer(String)
            /// A glob for an element of the field `tags`.
            case tag(String)
        }

        /// The email address.
        package var address: MailAddress
        /// The cells that the recipient is interested in.
        package var interest: Interest
    }

    /// A repository on a forge whose commits receive a status.
    package struct Status: Sendable {
        /// `github`, `gitlab` or `forgejo`.
        package var forge: String
        /// The URL of the repository in the forge's API.
        package var url: String
    }

    /// The recipients of mail.
    package var recipients: [Recipient] = []
    /// The address that is notified of problems that affect very many cells.
    package var operatorAddress: MailAddress?
    /// The URLs that receive a request for each notice.
    package var webhooks: [String] = []
    /// The repositories whose commits receive a status.
    package var statuses: [Status] = []
}

/// Cells with a priority; those with greater priority run earlier.
package struct ScheduleRule: Sendable {
    /// The selectors of the cells.
    package var cells: [Located<CellPattern>]
    /// The priority; 0 is the default.
    package var priority: Int
}

/// The resource limits of jobs; nil for the worker's defaults.
package struct LimitSet: Sendable, Hashable {
    /// The time limit in seconds.
    package var time: Int?
    /// The limit on the time without output in seconds.
    package var silence: Int?
    /// The memory limit in bytes.
    package var memory: Int?
    /// The limit on bytes written.
    package var disk: Int?
    /// The size limit of the log in bytes.
    package var log: Int?

    package init(
        time: Int? = nil, silence: Int? = nil, memory: Int? = nil, disk: Int? = nil, log: Int? = nil
    ) {
        self.time = time
        self.silence = silence
        self.memory = memory
        self.disk = disk
        self.log = log
    }

    /// These limits, overridden by those that `other` sets.
    package func overridden(by other: LimitSet) -> LimitSet {
        LimitSet(
            time: other.time ?? time, silence: other.silence ?? silence, memory: other.memory ?? memory,
            disk: other.disk ?? disk, log: other.log ?? log)
    }
}

/// The files of other packages that a package may change.
package struct OverwriteRule: Sendable {
    /// A glob of packages.
    package var package: Located<Glob>
    /// Globs of paths relative to the prefix of the switch.
    package var paths: [Located<Glob>]
}

extension MatrixFile {
    /// The sorted globs of other packages' files that a package may change; nil if there are none.
    package func allowedOverwrites(of package: String) -> [String]? {
        let paths = allowedOverwrites.filter { $0.package.value.matches(package) }.flatMap(\.paths)
        return paths.isEmpty ? nil : Set(paths.map(\.value.pattern)).sorted()
    }
}

/// Limits of all jobs, of targets and of packages, in increasing precedence.
package struct LimitTable: Sendable {
    /// The limits of every job.
    package var all = LimitSet()
    /// Limits of targets by glob; later ones take precedence.
    package var targets: [(glob: Located<Glob>, limits: LimitSet)] = []
    /// Limits of packages by glob, which take precedence over those of targets.
    package var packages: [(glob: Located<Glob>, limits: LimitSet)] = []

    /// The limits of a job, combined from those of all jobs, of its target and of its package.
    package func limits(target: String, package name: String) -> LimitSet {
        let ofTarget = targets.filter { $0.glob.value.matches(target) }.map(\.limits)
        let ofPackage = packages.filter { $0.glob.value.matches(name) }.map(\.limits)
        return (ofTarget + ofPackage).reduce(all) { $0.overridden(by: $1) }
    }
}
