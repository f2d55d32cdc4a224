import PluginKit
import Testing

@Suite struct SystemPackageNamesTests {
    static let names = SystemPackageNames(
        renamed: ["old": ["new", "more"], "nothing": [], "gone/tool": ["tool2"]], absent: ["lost": "it was dropped"],
        included: ["make"],
        separators: [
            .init("/", keeps: .after, reason: "a path of ports"),
            .init("@", keeps: .before, reason: "names a repository"),
        ])

    @Test(arguments: [
        ("gmp", SystemPackage("gmp", .passedThrough, packages: ["gmp"])),
        ("libc++-1.0_a", SystemPackage("libc++-1.0_a", .passedThrough, packages: ["libc++-1.0_a"])),
        ("old", SystemPackage("old", .mapped, packages: ["new", "more"], reason: "renamed on this distribution")),
        ("nothing", SystemPackage("nothing", .mapped, packages: [], reason: "part of the environment")),
        ("make", SystemPackage("make", .mapped, packages: [], reason: "part of the environment")),
        ("lost", SystemPackage("lost", .unknown, packages: [], reason: "it was dropped")),
        ("devel/gmp", SystemPackage("devel/gmp", .mapped, packages: ["gmp"], reason: "a path of ports")),
        (
            "devel/old",
            SystemPackage("devel/old", .mapped, packages: ["new", "more"], reason: "renamed on this distribution")
        ),
        ("devel/lost", SystemPackage("devel/lost", .unknown, packages: [], reason: "it was dropped")),
        ("gone/tool", SystemPackage("gone/tool", .mapped, packages: ["tool2"], reason: "renamed on this distribution")),
        ("gmp@edge", SystemPackage("gmp@edge", .mapped, packages: ["gmp"], reason: "names a repository")),
    ]) func namesAreResolved(name: String, package: SystemPackage) {
        #expect(Self.names.resolve(name) == package)
    }

    /// No word that reaches a shell or a package manager can be interpreted as an option or a path.
    @Test func acceptedTextsAreNames() {
        let letters = Array("a0-+._/@ '\"$`;|&<>*?\\\n~%,é")
        for first in letters {
            for second in letters {
                for third in letters {
                    for package in Self.names.resolve(String([first, second, third])).packages {
                        let plain = package.utf8.allSatisfy { "a0-+._".utf8.contains($0) }
                        #expect(plain && !package.hasPrefix("-") && !package.isEmpty, "\(first)\(second)\(third)")
                    }
                }
            }
        }
    }
}
