import TestSupport

/// A matrix of packages with depexts, and images of several families of package managers, each once with a repository
/// and once without: `good` needs packages that the repository has, `absent` one that it does not have.
struct DepextFixture {
    let commands: CommandFixture
    private let layout: ImageLayout
    var directory: TemporaryDirectory { commands.directory }

    /// - Parameter depexts: The field of `good`.
    init(depexts: String) throws {
        commands = try CommandFixture()
        layout = ImageLayout(commands.directory("images"))
        try commands.write(packages: [
            "ocaml-base-compiler.5.3.0": "flags: compiler", "ocaml.5.3.0": #"depends: "ocaml-base-compiler""#,
            "good.1": """
            depends: "ocaml"
            depexts: \(depexts)
            build: ["sh" "-ec" "test \\"$(cat /usr/include/foo.h)\\" = foo"]
            """,
            "absent.1": """
            depends: "ocaml"
            depexts: ["no-such-devel"] {os = "linux"}
            """,
        ])
    }

    /// Writes the matrix and its images: `FAMILY`, and `FAMILY-down` without the repository.
    ///
    /// - Parameters:
    ///   - excluded: A list of excluded cells, in YAML; nil for none.
    ///   - layers: The layers of a family's image.
    func write(
        families: [String], excluding excluded: String? = nil,
        layers: (_ family: String, _ isReachable: Bool) throws -> [ImageLayout.Layer]
    ) throws {
        var targets: [String] = []
        for family in families.sorted() {
            for isReachable in [true, false] {
                let name = isReachable ? family : "\(family)-down"
                try layout.add([ImageLayout.Image(layers(family, isReachable))], tag: name)
                targets.append("  - {name: \(name), image: 'oci:images:\(name)', options: {base: none}}")
            }
        }
        try commands.write(
            "m.yaml",
            """
            deployment: d
            repositories: [{path: repo}]
            targets:
            \(targets.joined(separator: "\n"))
            compilers: [5.3.0]
            packages: [good, absent]
            \(excluded.map { "exclude: \($0)" } ?? "")
            """)
    }

    func ci(_ words: String...) throws -> Program.Ending {
        try commands.run(
            words + ["--store", "store"],
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": directory.path])
    }
}
