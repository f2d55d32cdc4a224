package import Core

/// A MirageOS unikernel, built for backends.
package struct UnikernelEntry: Sendable {
    /// What a unikernel is built for, as `mirage configure -t` calls it.
    package enum Backend: String, Sendable, Hashable, CaseIterable {
        case unix, hvt, spt, virtio, muen, xen, qubes, genode

        /// The backends whose images ciso can run.
        package static let runnable: [Backend] = [.unix, .hvt, .spt, .virtio]
    }

    /// A word of the command line of `mirage configure`.
    package enum Argument: Sendable, Hashable {
        /// As it is.
        case text(String)
        /// `--KEY=VALUE`, with each of the values in cells of its own.
        case key(String, values: [String])
    }

    /// How the image of a backend is run, and what is expected of that.
    package struct Run: Sendable, Hashable {
        /// Seconds after which the unikernel must have ended.
        package var time: Int
        /// What the console must show; nil for nothing.
        package var expect: String?
        /// The exit status of the program that runs the image; nil for the usual one of the backend.
        package var status: Int?
        /// The unikernel's own arguments.
        package var arguments: [String]
        /// Bytes of the unikernel's memory; nil for the usual size.
        package var memory: Int?
    }

    /// A combination of a backend with a value for each key that has several.
    package struct Variant: Sendable, Hashable {
        /// What it is built for.
        package var backend: Backend
        /// The arguments of `mirage configure` after `-t BACKEND`.
        package var arguments: [String]
        /// As the cell calls it: `dev@spt`, `dev@spt+VALUE` where a key has several values.
        package var version: String
    }

    /// The unikernel's package in cells.
    package var name: Located<String>
    /// Where its source is, with the folder in it.
    package var source: Located<Pin.Source>
    /// Files that `mirage configure` reads besides `config.ml`, relative to the unikernel's folder, with globs.
    package var configureFiles: [Located<Glob>]
    /// What it is built for.
    package var backends: [Located<Backend>]
    /// Arguments and keys of `mirage configure`.
    package var configure: [Argument]
    /// The backends whose images are run.
    package var runs: [Backend: Run]
    /// The targets that have the unikernel.
    package var targets: NameFilter
    /// The compilers that have it.
    package var compilers: NameFilter

    /// The package that configures the unikernel.
    package var configureName: String { name.value + Self.configureSuffix }

    /// What the name of every package that configures a unikernel ends with.
    static let configureSuffix = "-configure"

    /// All that is built, in the order of backends, then of the values.
    package var variants: [Variant] {
        backends.flatMap { backend in
            let empty = Variant(backend: backend.value, arguments: [], version: "dev@\(backend.value.rawValue)")
            return configure.reduce([empty]) { variants, argument in
                variants.flatMap { variant in
                    argument.choices.map { choice in
                        var next = variant
                        next.arguments.append(choice.word)
                        if let label = choice.label { next.version += "+\(label)" }
                        return next
                    }
                }
            }
        }
    }
}

extension UnikernelEntry.Argument {
    /// The words that it can be, each with what tells it from the others in the name of a cell.
    fileprivate var choices: [(word: String, label: String?)] {
        switch self {
        case .text(let text): [(text, nil)]
        case .key(let key, let values):
            values.map { ("--\(key)=\($0)", values.count > 1 ? $0 : nil) }
        }
    }
}
