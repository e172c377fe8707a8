# A Tmax configuration with made-up values, as a Host-link site may have one. examples/hostlink.yaml names it in a
# comment: hostlink takes the SERVER entry HOSTLINK and its SERVICE entries, and lists what it does not use.

*DOMAIN
bankdom SHMKEY = 77990, MAXUSER = 256, MINCLH = 1, MAXCLH = 2,
        TPORTNO = 8899, BLOCKTIME = 60, IPCPERM = 0600

*NODE
bank01  TMAXDIR = "/opt/tmax", APPDIR = "/opt/tmax/appbin",
        ULOGDIR = "/opt/tmax/log/ulog", SLOGDIR = "/opt/tmax/log/slog"

*SVRGROUP
svg_gw  NODENAME = bank01
svg_app NODENAME = bank01, LOAD = 1

*SERVER
DEFAULT: RESTART = Y, MAXRSTART = 5, GPERIOD = 60, CPC = 10
hlmgr   SVGNAME = svg_gw, SVRTYPE = CUSTOM_GATEWAY, MIN = 1, MAX = 1    # owns the shared memory
HOSTLINK
        SVGNAME = svg_gw, SVRTYPE = CUSTOM_GATEWAY,
        MIN = 2, MAX = 2,
        ASQCOUNT = 8, MAXQCOUNT = 10000,
        CLOPT = "-o $(SVR).out -e $(SVR).err -- -c hostlink.cfg"
ledger  SVGNAME = svg_app, SVRTYPE = UCS, MIN = 2, MAX = 8, MAXQCOUNT = 500

*SERVICE
DEFAULT: SVRNAME = HOSTLINK, SVCTIME = 30
ECHO
UPPER
SUM
SLOW    SVCTIME = 60
BIG     SVCTIME = 60
POSTING SVRNAME = ledger, SVCTIME = 15

*GATEWAY
otherdom GWTYPE = TMAX, NODENAME = bank01, PORTNO = 8850,
        RGWADDR = "192.0.2.17", RGWPORTNO = 8850, CPC = 4

*ROUTING
byBranch FIELD = "BRANCH", RANGES = "MIN - 499 : svg_app, * : svg_gw"

*RQ
rq1     SVGNAME = svg_app

*HMS
hms1    SVGNAME = svg_app
