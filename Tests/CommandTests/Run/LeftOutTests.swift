import TestSupport
import Testing

/// Selected packages with unusable files are reported, although they are not cells.
@Suite struct LeftOutTests {
    private let fixture: CommandFixture

    init() throws {
        fixture = try CommandFixture()
        try fixture.write(packages: [
            "ocaml-base-compiler.5.3.0": "flags: compiler", "ocaml.5.3.0": #"depends: "ocaml-base-compiler""#,
            "good.1": #"depends: "ocaml""#, "broken.1": "depends: [", "linked.1": #"depends: "ocaml""#,
        ])
        try fixture.directory.shell("cd repo/packages/linked/linked.1; mkdir files; ln -s loop files/loop")
    }

    @Test(arguments: [
        ("all", ["broken", "linked"]), ("[good]", []), ("[\"b*\"]", ["broken"]),
        ("[\"*\", {except: \"b*\"}]", ["broken", "linked"]),
        ("[{set: s}]\nsets: {s: [\"l*\"]}", ["linked"]),
    ])
    func leftOutPackagesAreNamed(selection: String, names: [String]) throws {
        try fixture.write(
            "m.yaml",
            """
            deployment: d
            repositories: [{path: repo}]
            targets: [debian-12]
            compilers: [5.3.0]
            packages: \(selection)
            include: [{cells: "debian-12/5.3.0/good", reason: always}]
            """)
        let ending = try fixture.run(
            ["plan", "m.yaml", "--store", "store"],
            environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.directory.path])
        #expect(ending.status == 0, "\(ending.messages)")
        for (name, location) in [("broken", "broken.1/opam:"), ("linked", "linked.1/files/loop: ")] {
            let isNamed = ending.messages.contains("warning: repo/packages/\(name)/\(location)")
            #expect(isNamed == names.contains(name), "\(name): \(ending.messages)")
        }
    }
}
