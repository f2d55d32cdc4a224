package import Core

/// A MirageOS unikernel and its backends.
package struct UnikernelEntry: Sendable {
    /// A backend of a unikernel, named as in `mirage configure -t`.
    package enum Backend: String, Sendable, Hashable, CaseIterable {
        case unix, hvt, spt, virtio, muen, xen, qubes, genode

        /// The backends whose images ciso can run.
        package static let runnable: [Backend] = [.unix, .hvt, .spt, .virtio]
    }

    /// A word of the command line of `mirage configure`.
    package enum Argument: Sendable, Hashable {
        /// A literal word.
        case text(String)
        /// `--KEY=VALUE`, with separate cells for each of the values.
        case key(String, values: [String])
    }

    /// How the image of a backend is run, and the expected result.
    package struct Run: Sendable, Hashable {
        /// The time limit in seconds.
        package var time: Int
        /// The text that the console must show; nil for none.
        package var expect: String?
        /// The expected exit status of the program that runs the image; nil for the default of the backend.
        package var status: Int?
        /// The unikernel's own arguments.
        package var arguments: [String]
        /// The unikernel's memory in bytes; nil for the default.
        package var memory: Int?
    }

    /// A combination of a backend with a value for each key that has several values.
    package struct Variant: Sendable, Hashable {
        /// The backend.
        package var backend: Backend
        /// The arguments of `mirage configure` after `-t BACKEND`.
        package var arguments: [String]
        /// The version in cells: `dev@spt`, or `dev@spt+VALUE` if a key has several values.
        package var version: String
    }

    /// The unikernel's package in cells.
    package var name: Located<String>
    /// The source, with the directory in it.
    package var source: Located<Pin.Source>
    /// Globs of files, relative to the unikernel's directory, that `mirage configure` reads in addition to `config.ml`.
    package var configureFiles: [Located<Glob>]
    /// The backends.
    package var backends: [Located<Backend>]
    /// Arguments and keys of `mirage configure`.
    package var configure: [Argument]
    /// The backends whose images are run.
    package var runs: [Backend: Run]
    /// The targets for which the unikernel is built.
    package var targets: NameFilter
    /// The compilers with which it is built.
    package var compilers: NameFilter

    /// The package that configures the unikernel.
    package var configureName: String { name.value + Self.configureSuffix }

    /// The suffix of the names of packages that configure a unikernel.
    static let configureSuffix = "-configure"

    /// All variants, in the order of backends and then of values.
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
    /// The possible words, each with its label in the names of cells.
    fileprivate var choices: [(word: String, label: String?)] {
        switch self {
        case .text(let text): [(text, nil)]
        case .key(let key, let values):
            values.map { ("--\(key)=\($0)", values.count > 1 ? $0 : nil) }
        }
    }
}
