extension OpamFile {
    /// The fields and sections of an opam file.
    static let schema: Schema = {
        var schema = Schema(allowsExtensions: true)
        addDescription(to: &schema)
        addSolving(to: &schema)
        addBuilding(to: &schema)
        addOldFields(to: &schema)
        schema.sections = ["url": .source, "extra-source": .source]
        return schema
    }()

    private static func addDescription(to schema: inout Schema) {
        for field: TypedField<String?> in [.opamVersion, .synopsis, .description, .developmentRepository] {
            schema.add(field)
        }
        for field: TypedField<[String]> in [
            .maintainers, .authors, .licenses, .tags, .homepages, .documentation, .bugReports,
        ] {
            schema.add(field)
        }
        schema.add(.messages)
        schema.add(.postMessages)
    }

    private static func addSolving(to schema: inout Schema) {
        schema.add(.packageName)
        schema.add(.packageVersion)
        schema.add(.depends)
        schema.add(.depopts)
        schema.add(.conflicts)
        schema.add(.conflictClasses)
        schema.add(.available)
        schema.add(.flags)
    }

    private static func addBuilding(to schema: inout Schema) {
        for field: TypedField<[Command]> in [.build, .install, .remove, .runTest] { schema.add(field) }
        schema.add(.patches)
        schema.add(.substs)
        schema.add(.buildEnvironment)
        schema.add(.environment)
        schema.add(.depexts)
        schema.add(.extraFiles)
        schema.add(.pinDepends)
        schema.add(.features)
    }

    /// Adds the fields from before opam 2 that opam still reads.
    private static func addOldFields(to schema: inout Schema) {
        schema.add(.author)
        schema.add(.oldDescription)
        schema.add(.ocamlVersion)
        schema.add(.operatingSystems)
        schema.add(.buildTest)
        schema.add(.buildDoc)
        schema.add(.libraries)
        schema.add(.syntax)
    }
}
