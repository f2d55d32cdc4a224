internal import PluginMessages

extension CommonPatterns {
    /// Messages of the C library, compilers, shells and make in the languages of their users: the environment of a host
    /// is not always set to English.
    static let translations = [
        translation(
            "no-space", .noSpace,
            [
                "kein Speicherplatz mehr verfügbar", "Aucun espace disponible sur",
                "No queda espacio en el dispositivo",
                "Spazio esaurito sul device", "Não há espaço disponível no dispositivo",
                "На устройстве не осталось свободного места", "デバイスに空き領域がありません", "设备上没有空间",
                "Geen ruimte meer over op apparaat", "Brak miejsca na urządzeniu", "Enheten är full",
            ], precedence: .cause, class: "no space left"),
        translation(
            "out-of-memory", .outOfMemory,
            [
                "Nicht genügend Hauptspeicher verfügbar", "allouer de la mémoire", "No se pudo asignar memoria",
                "Impossibile allocare memoria", "Não foi possível alocar memória", "Невозможно выделить память",
                "メモリを確保できません", "无法分配内存", "Kan geen geheugen toewijzen", "Nie można przydzielić pamięci",
            ], precedence: .cause, class: "out of memory"),
        translation(
            "missing-program", .missingTool,
            [
                "Kommando nicht gefunden", "Befehl nicht gefunden", "commande introuvable", "commande non trouvée",
                "orden no encontrada", "no se encontró la orden", "comando non trovato", "comando não encontrado",
                "команда не найдена", "コマンドが見つかりません", "未找到命令", "opdracht niet gevonden",
                "nie znaleziono polecenia", "kommandot hittades inte",
            ], class: "missing program"),
        translation(
            "no-rule", .noRule,
            [
                "Keine Regel vorhanden, um das Ziel", "gle pour fabriquer la cible", "ninguna regla para construir",
                "Nessuna regola per generare", "Sem regra para processar o alvo", "Нет правила для сборки цели",
                "するルールがありません", "没有规则可制作目标", "Geen regel om doel", "Brak reguł do wykonania",
                "Ingen regel för att skapa",
            ], precedence: .cause, class: "no rule"),
        translation(
            "undefined", .undefinedSymbol,
            [
                "efinierter Verweis auf", "nicht definierter Verweis", "référence indéfinie vers",
                "riferimento non definito",
                "referência não definida", "неопределённая ссылка", "に対する定義されていない参照", "未定义的引用",
            ], precedence: .cause, class: "undefined symbol"),
        translation(
            "permission", .permission,
            [
                "Keine Berechtigung", "Permission non accordée", "Permiso denegado", "Permesso negato",
                "Permissão negada",
                "Отказано в доступе", "許可がありません", "权限不够", "Toegang geweigerd", "Brak dostępu", "Åtkomst nekas",
            ], class: "permission denied"),
        LogPattern(
            "translated-missing-header", .missingHeader,
            #"^\S+:\d+:.*: (\S+\.(?:h|hh|hpp|inc)) ?: (?:"# + noSuchFile.joined(separator: "|") + ")",
            exclusion: #"^\S*(?:conftest|/tmp/)"#, literals: noSuchFile, phase: .build, class: "missing header *",
            examples: [
                .init(
                    #"stubs.c:3:10: schwerwiegender Fehler: gmp.h: Datei oder Verzeichnis nicht gefunden"#,
                    #"schwerwiegender Fehler: gmp.h: Datei oder Verzeichnis nicht gefunden"#)
            ]),
        // The error of a compiler at a position, in gcc's translations.
        LogPattern(
            "translated-c-error", .cError,
            #"^[^\s:]+:\d+:(?:\d+:)? (?:schwerwiegender |interner )?(?:Fehler|erreur(?: fatale)? ?|error fatal|errore(?: fatale)?|erro(?: fatal)?|(?:фатальная )?ошибка|(?:致命的)?エラー|(?:致命)?错误|(?:fatale )?fout|błąd(?: krytyczny)?|(?:allvarligt )?fel)(?:: |：)"#,
            exclusion: #"^\S*(?:conftest|/tmp/)"#,
            literals: [
                "Fehler: ", "erreur: ", "erreur : ", "erreur fatale", "error fatal", "errore: ", "errore fatale",
                ": erro: ",
                "erro fatal", "ошибка: ", "エラー: ", "错误：", "错误: ", " fout: ", "błąd: ", "błąd krytyczny", " fel: ",
            ],
            phase: .build, class: "C error",
            examples: [
                .init(
                    #"stubs.c:5:3: Fehler: »x« nicht deklariert"#,
                    #"Fehler: »x« nicht deklariert"#)
            ]),
        translation("no-such-file", .unknown, noSuchFile, precedence: .possible, class: "error"),
    ]

    private static let noSuchFile = [
        "Datei oder Verzeichnis nicht gefunden", "Aucun fichier ou dossier de ce",
        "No existe el fichero o el directorio",
        "No existe el archivo o el directorio", "File o directory non esistente", "Arquivo ou diretório inexistente",
        "Нет такого файла или каталога", "そのようなファイルやディレクトリはありません", "没有那个文件或目录",
        "Bestand of map bestaat niet", "Nie ma takiego pliku ani katalogu", "Filen eller katalogen finns inte",
    ]

    /// A pattern of lines that contain one of `texts`, which are the same message in several languages.
    private static func translation(
        _ name: String, _ kind: LogPattern.Kind, _ texts: [String], precedence: LogPattern.Precedence = .likely,
        class failureClass: String
    ) -> LogPattern {
        LogPattern(
            "translated-\(name)", kind, texts.joined(separator: "|"), precedence: precedence, literals: texts,
            class: failureClass, examples: texts.prefix(1).map { .init("x: \($0)", "x: \($0)") })
    }
}
