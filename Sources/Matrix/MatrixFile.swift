package import Core
package import YAML

/// A value of a matrix and its location.
package struct Located<Value: Sendable>: Sendable {
    /// The value as decoded.
    package var value: Value
    /// The place in the matrix that has the value.
    package var location: SourceLocation

    package init(_ value: Value, at location: SourceLocation) {
        self.value = value
        self.location = location
    }
}

extension Located: Equatable where Value: Equatable {}

/// What a user wrote into a matrix, with those it extends laid under it: checked by itself, but not yet against
/// plugins and repositories.
package struct MatrixFile: Sendable {
    /// The name of the deployment, which is also the branch of its plans.
    package var deployment: Located<String>
    package var description: String?
    /// The first has precedence.
    package var repositories: [RepositoryEntry] = []
    /// The targets, in the order of the matrix.
    package var targets: [TargetEntry] = []
    /// The compilers, in the order of the matrix.
    package var compilers: [CompilerEntry] = []
    /// The selections of packages; a cell is planned for what any of them selects.
    package var packages: [PackageSelection] = []
    /// Selections by name, to which `set:` refers.
    package var sets: [String: [PackageSelection]] = [:]
    /// In the order of the text.
    package var pins: [Pin] = []
    /// MirageOS unikernels, in the order of the text.
    package var unikernels: [UnikernelEntry] = []
    /// The packages whose tests are run.
    package var withTest: Scope = .none
    /// The packages whose documentation is built.
    package var withDoc: Scope = .none
    /// Packages solved with the oldest versions that do.
    package var lowerBounds: Scope = .none
    /// Cells that are added to what the axes make.
    package var include: [Inclusion] = []
    /// Cells that are left out.
    package var exclude: [Exclusion] = []
    /// Cells whose failure is not counted against the matrix.
    package var acceptFailures: [AcceptedFailure] = []
    /// How often a job is run again whose failure would break a cell that was good; nil: once.
    package var confirm: Int?
    /// The limits of jobs.
    package var limits = LimitTable()
    /// The rules that decide which jobs run first.
    package var schedule: [ScheduleRule] = []
    /// Files of other packages that some packages may change.
    package var allowedOverwrites: [OverwriteRule] = []
    /// Whom notices of new problems go to; nil: only to those whom the settings name.
    package var notices: NoticeRules?
    /// For diagnostics of those who check further.
    package var sources: SourceTexts
    /// The file itself, without those that it extends; nil for a matrix that was not read from a file.
    package var text: SourceText?
}

/// A set of names, none listed meaning all.
package struct NameFilter: Sendable {
    /// The globs of which one must match; none matches everything.
    package var globs: [Located<Glob>]

    /// Matches every name.
    package static let any = NameFilter(globs: [])

    /// Whether a glob matches `name`, or there is none.
    package func matches(_ name: String) -> Bool {
        globs.isEmpty || globs.contains { $0.value.matches(name) }
    }
}

/// Which packages an option is for.
package enum Scope: Sendable {
    case none, all
    case matching([Located<Glob>])

    /// Whether it names packages.
    package var isByName: Bool {
        if case .matching = self { true } else { false }
    }

    /// Whether the package of that name is in the scope.
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
    /// The address of the repository: on this machine or a URL.
    package enum Address: Sendable, Hashable {
        case url(String)
        /// As written, and seen from the process's directory.
        case path(written: String, resolved: String)

        /// As written.
        package var text: String {
            switch self {
            case .url(let url): url
            case .path(let written, _): written
            }
        }
    }

    /// Which commit of it.
    package enum Revision: Sendable, Hashable {
        case head
        case ref(String)
        /// 40 hexadecimal digits.
        case commit(String)
    }

    /// Where the repository is.
    package var place: Located<Address>
    /// Which state of the repository is read.
    package var revision: Revision
    /// The greater wins; equal ones by the order of the text.
    package var priority: Int
    /// The targets that the entry is for.
    package var targets: NameFilter
    /// The compilers that the entry is for.
    package var compilers: NameFilter

    package init(
        place: Located<Address>, revision: Revision, priority: Int, targets: NameFilter, compilers: NameFilter
    ) {
        self.place = place
        self.revision = revision
        self.priority = priority
        self.targets = targets
        self.compilers = compilers
    }
}

/// An operating system, its version and an architecture.
package struct TargetEntry: Sendable {
    /// Where jobs of a target run.
    package enum Backend: Sendable, Hashable {
        /// In a sandbox on the worker's machine.
        case sandbox
        /// On one of these machines, reached by ssh.
        case ssh([HostAddress])
        /// In a virtual machine on the worker's machine.
        case machine(MachineEntry)
    }

    /// Who carries out the recipes of packages.
    package enum Engine: String, Sendable, Hashable, CaseIterable {
        /// The runner itself.
        case recipe
        /// The target's own opam client.
        case opam
    }

    /// The name in cells and in globs.
    package var name: Located<String>
    /// The plugin that knows the system, by its name; the one that serves the target's name where absent.
    package var plugin: Located<String>?
    /// The OCI image that its packages are built in; a layout's directory relative to where the matrix is read from.
    package var image: Located<ImageReference>?
    /// Of the system; what the name says where absent: `12` for `debian-12`.
    package var version: String?
    /// The worker's own where absent.
    package var arch: String?
    /// For the plugin.
    package var options: [String: String]
    /// Where the machine is, or a sandbox here.
    package var place: Backend
    /// What its workers must have, each once and sorted.
    package var labels: [String] = []
    /// Who carries out recipes there, and where the matrix says so; nil for the runner itself.
    package var engine: Located<Engine>?
    /// False: its cells never make a run fail.
    package var isRequired: Bool
}

/// An OCaml compiler.
package struct CompilerEntry: Sendable {
    /// As cells name it.
    package var name: Located<String>
    /// The version of OCaml.
    package var version: String
    /// Whether it is the distro's own.
    package var isSystem: Bool
    /// Opam packages beside it, such as options; with versions where they are asked for.
    package var packages: [Located<PackagePattern>]
    package var targets: NameFilter
}

/// Some packages, added to those above it or taken from them.
package struct PackageSelection: Sendable {
    /// What a selection starts from: names, a set, a file, a tag, a maintainer.
    package enum Source: Sendable {
        case all
        /// What matches one of these.
        case patterns([PackagePattern])
        case set(String)
        /// `org:mirage`, say: an element of the field `tags`.
        case tag(Glob)
        /// An element of the field `maintainer`.
        case maintainer(Glob)
        /// The packages that need one of these, over `depth` steps; nil for any number.
        case reverseDependencies([PackagePattern], depth: Int?)
        /// Takes away what matches.
        case except(PackagePattern)
    }

    /// Which versions of each package.
    package enum Versions: String, Sendable, CaseIterable {
        /// The newest that is available.
        case latest
        case all
        /// The oldest that is available.
        case oldest
    }

    /// What the selection starts from.
    package var source: Located<Source>
    /// Which versions of each selected package are planned.
    package var versions: Versions
    /// Whether it may match nothing; otherwise that is an error.
    package var isOptional: Bool
    package var targets: NameFilter
    package var compilers: NameFilter
}

/// A package held at one version, perhaps with an opam file or a source of its own.
package struct Pin: Sendable {
    /// Where a package's source is, which has its opam file too.
    package struct Source: Sendable, Hashable {
        /// The address of the source: on this machine or a URL.
        package enum Address: Sendable, Hashable {
            /// As opam writes addresses: `git+https://…#branch`, `https://…/a.tgz`.
            case url(String)
            /// A folder or an archive, seen from the process's directory.
            case path(String)
        }

        package var place: Address
        /// A branch, tag or commit, of a repository of git.
        package var ref: String?
        /// Of an archive: `sha256=…`.
        package var checksum: String?
        /// The package's folder in the source.
        package var subpath: String?

        package init(_ place: Address, ref: String? = nil, checksum: String? = nil, subpath: String? = nil) {
            self.place = place
            self.ref = ref
            self.checksum = checksum
            self.subpath = subpath
        }
    }

    package var name: Located<String>
    /// What the matrix says, else what the pinned opam file says; nil as long as neither is known.
    package var givenVersion: String?
    /// The version that the package is held at.
    package var version: String { givenVersion ?? "dev" }
    /// The opam file of that version, in place of the repository's; seen from the process's directory.
    package var opamFile: Located<String>?
    /// The source in place of the repository's; nil where only the version is pinned.
    package var source: Located<Source>?

    package init(
        name: Located<String>, version: String? = nil, opamFile: Located<String>? = nil, source: Located<Source>? = nil
    ) {
        self.name = name
        givenVersion = version
        self.opamFile = opamFile
        self.source = source
    }

    /// Whether it has files of its own, not those of a repository.
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
    /// Why, for people; nil where none is given.
    package var reason: String?
}

/// Cells left out.
package struct Exclusion: Sendable {
    /// The cells concerned.
    package var cells: [Located<CellPattern>]
    /// Why, for people.
    package var reason: String
}

/// Cells whose failure is known and does not make a run fail.
package struct AcceptedFailure: Sendable {
    package var cells: [Located<CellPattern>]
    package var reason: String
    /// The last day on which it holds.
    package var expires: Located<CalendarDate>?
    /// The phase that may fail, one of `phases`; nil: any.
    package var phase: String?
    /// A glob that the failure's signature must match; nil: any.
    package var signature: String?
    /// The address of the issue about the failure.
    package var tracker: String?

    /// The phases of a job that may fail.
    package static let phases = ["fetch", "depext", "configure", "build", "test", "install"]
}

/// Whom notices of new problems go to.
package struct NoticeRules: Sendable {
    /// Somebody who gets mail.
    package struct Recipient: Sendable {
        /// The cells of interest.
        package enum Interest: Sendable {
            case cells([Located<CellPattern>])
            /// A glob for an element of the field `maintainer`.
            case maintainer(String)
            /// A glob for an element of the field `tags`.
            case tag(String)
        }

        /// Where mail goes.
        package var address: MailAddress
        /// Of what the mail is.
        package var interest: Interest
    }

    /// A repository on a forge whose commits get a status.
    package struct Status: Sendable {
        /// `github`, `gitlab` or `forgejo`.
        package var forge: String
        /// The repository in the forge's interface.
        package var url: String
    }

    /// Who gets mail.
    package var recipients: [Recipient] = []
    /// Who gets what spoils very much.
    package var operatorAddress: MailAddress?
    /// Addresses that get a request for each notice.
    package var webhooks: [String] = []
    /// Repositories whose commits get a status.
    package var statuses: [Status] = []
}

/// Cells that run earlier, the greater priority first.
package struct ScheduleRule: Sendable {
    package var cells: [Located<CellPattern>]
    /// Higher runs earlier; 0 is usual.
    package var priority: Int
}

/// What jobs may use. Absent: the worker's defaults.
package struct LimitSet: Sendable, Hashable {
    /// Seconds.
    package var time: Int?
    /// Seconds without output.
    package var silence: Int?
    /// Bytes.
    package var memory: Int?
    /// Bytes.
    package var disk: Int?
    /// Bytes.
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

    /// These limits, those of `stricter` before them.
    package func overridden(by stricter: LimitSet) -> LimitSet {
        LimitSet(
            time: stricter.time ?? time, silence: stricter.silence ?? silence, memory: stricter.memory ?? memory,
            disk: stricter.disk ?? disk, log: stricter.log ?? log)
    }
}

/// What packages may change of others' files.
package struct OverwriteRule: Sendable {
    /// Of packages.
    package var package: Located<Glob>
    /// Of paths relative to the prefix of the switch.
    package var paths: [Located<Glob>]
}

extension MatrixFile {
    /// Globs of the files that a package may change although they are another's, sorted; nil for none.
    package func allowedOverwrites(of package: String) -> [String]? {
        let paths = allowedOverwrites.filter { $0.package.value.matches(package) }.flatMap(\.paths)
        return paths.isEmpty ? nil : Set(paths.map(\.value.pattern)).sorted()
    }
}

/// Limits of all jobs, then of a target's, then of a package's: the later wins.
package struct LimitTable: Sendable {
    /// The limits of every job.
    package var all = LimitSet()
    /// Limits of targets by glob; later ones win.
    package var targets: [(glob: Located<Glob>, limits: LimitSet)] = []
    /// Limits of packages by glob, which win over those of targets.
    package var packages: [(glob: Located<Glob>, limits: LimitSet)] = []

    /// The limits of a job: those of all jobs, of its target and of its package, the more specific winning.
    package func limits(target: String, package name: String) -> LimitSet {
        let ofTarget = targets.filter { $0.glob.value.matches(target) }.map(\.limits)
        let ofPackage = packages.filter { $0.glob.value.matches(name) }.map(\.limits)
        return (ofTarget + ofPackage).reduce(all) { $0.overridden(by: $1) }
    }
}
