internal import Glibc

/// A plugin for the target `minimal-1`, whose root file system is a few programs of this machine: made in a moment and
/// without a network. Every package that is built installs the file `share/NAME.VERSION/built`; one with a file `fails`
/// prints that and fails.
package enum SmallRootPlugin {
    /// Fills the root file system.
    package static let fill = """
        mkdir -p $CISO_ROOT/proc $CISO_ROOT/dev $CISO_ROOT/tmp $CISO_ROOT/bin $CISO_ROOT/var; \
        for program in /bin/dash /bin/mkdir /bin/chown /bin/cp /bin/cat; do cp $program $CISO_ROOT/bin; \
        for library in $(ldd $program | grep -o '/[^ ]*'); do \
        mkdir -p $CISO_ROOT${library%/*}; cp $library $CISO_ROOT$library; done; done; \
        ln -s dash $CISO_ROOT/bin/sh
        """

    private static let build = """
        for directory in /var/ciso/opam/default/.opam-switch/build/*; do \
        if [ -e $directory/fails ]; then cat $directory/fails; exit 1; fi; \
        mkdir -p /var/ciso/opam/default/share/${directory##*/}; \
        echo built >/var/ciso/opam/default/share/${directory##*/}/built; done
        """

    private static let pattern =
        #"{"patterns":[{"name":"missing","kind":"missing-system-package","expression":": not found$","#
        + #""class":"missing program","examples":[{"line":"x: not found","signature":"x: not found"}]}]}"#

    /// Builds the plugin's file.
    ///
    /// - Parameters:
    ///   - directory: the directory of the file, and of the file `count`, which gains a line each time the root file
    ///       system is made.
    ///   - bootstrap: the script of the step at the worker.
    ///   - tools: the programs that the plugin requires, as JSON.
    ///   - version: the environment's version according to the plugin; the probe reports 1.
    /// - Returns: the path of the shared object.
    package static func build(
        in directory: String, bootstrap: String = fill, network: Bool = false, tools: String = "", version: String = "1"
    ) throws -> String {
        let script = escaped(escaped("echo made >> \(directory)/count; \(bootstrap)"))
        let start = #""environment":{"kind":"root-file-system","tools":[\#(tools)],"#
        let probe = #""probe":{"name":"probe","phase":"bootstrap","script":"echo os-version=1"},"#
        let step = #"{"name":"fill","phase":"bootstrap","place":"worker","user":"root","network":\#(network),"#
        let described = escaped(#""os-version":"\#(version)"},\#(start)\#(probe)"bootstrap":[\#(step)"script":""#)
        return try ExamplePlugin.build(
            in: directory,
            changing: [
                (escaped(#"{"patterns":[]}"#), escaped(pattern)),
                (
                    #"\"phase\":\"build\",\"script\":\"echo 'this example builds nothing' >&2\\nexit 1\\n"#,
                    escaped(#""phase":"install","script":""#) + escaped(escaped(build))
                ),
                (
                    escaped(#""os-version":"1"},"environment":{"kind":"host","bootstrap":["#) + "\"",
                    described + script + escaped(#""},"#) + "\""
                ),
            ])
    }

    /// As in a string of JSON or C.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    /// Builds the plugin into a directory that every user may read, with the matrix of `writeMatrix`.
    ///
    /// - Returns: the path of the matrix.
    package static func buildWithMatrix(in directory: TemporaryDirectory, packages names: [String] = ["p"]) throws
        -> String
    {
        chmod(directory.path, 0o777)
        _ = try build(in: directory.path)
        try directory.write("", to: "count")
        chmod(directory("count"), 0o666)
        return try writeMatrix(into: directory, packages: names)
    }

    /// Writes a matrix of a few packages with a compiler that does nothing, and its repository.
    ///
    /// - Parameter names: the names of packages without other dependencies.
    /// - Returns: the path of the matrix.
    package static func writeMatrix(into directory: TemporaryDirectory, packages names: [String] = ["p"]) throws
        -> String
    {
        var packages = [
            "ocaml-base-compiler.5.3.0": "flags: compiler", "ocaml.5.3.0": #"depends: "ocaml-base-compiler""#,
        ]
        for name in names { packages["\(name).1"] = #"depends: "ocaml""# }
        for (package, text) in packages {
            let name = package.prefix { $0 != "." }
            try directory.write("opam-version: \"2.0\"\n\(text)\n", to: "repo/packages/\(name)/\(package)/opam")
        }
        let matrix = """
            deployment: small
            repositories: [{path: repo}]
            targets: [minimal-1]
            compilers: [5.3.0]
            packages: [\(names.joined(separator: ", "))]
            """
        try directory.write(matrix, to: "small.yaml")
        return directory("small.yaml")
    }
}
